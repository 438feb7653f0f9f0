/** Bounds of a batch, well below those of the service (10,000 events and 10 MiB). */
const MOST_EVENTS = 2_000;
const MOST_CHARACTERS = 1024 * 1024;

/** Events of one request, and the place of the first in all that is sent. */
export interface Batch<Event> {
  start: number;
  events: Event[];
}

/** Events in batches, in order. An event that is larger than a batch has one of its own. */
export async function* batches<Event>(
  events: Iterable<Event> | AsyncIterable<Event>,
  most = MOST_EVENTS,
): AsyncGenerator<Batch<Event>> {
  let batch: Batch<Event> = { start: 0, events: [] };
  let size = 0;
  for await (const event of events) {
    const length = JSON.stringify(event).length;
    if (batch.events.length > 0 && (batch.events.length >= most || size + length > MOST_CHARACTERS)) {
      yield batch;
      batch = { start: batch.start + batch.events.length, events: [] };
      size = 0;
    }
    batch.events.push(event);
    size += length;
  }
  if (batch.events.length > 0) yield batch;
}
