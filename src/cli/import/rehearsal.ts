import { checkEvents, type ReceivedEvent } from '../../queries/ingest/check.js';
import { parseJson } from '../../queries/ingest/json.js';
import type { Answer } from './service.js';

/** How many events are shown. */
const MOST_SHOWN = 10;
/** Maximum number of events to tell apart, so that they do not fill the memory. */
const MOST_KNOWN = 1_000_000;

/**
 * Stands in for the service: checks events as it does, stores nothing, and shows the first. It knows neither what the service
 * has already, nor what the key may do.
 */
export class Rehearsal {
  readonly url = new URL('http://dry-run.invalid');
  readonly #show: (text: string) => void;
  readonly #known = new Set<string>();
  #shown = 0;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  async post(body: Buffer): Promise<Answer> {
    const lines = body.toString().split('\n').slice(0, -1);
    const { rows, faults } = await checkEvents(lines.map(received));
    if (faults.length > 0) return { status: 400, body: { errors: faults }, location: null };
    let duplicates = 0;
    for (const { conversation_id, id } of rows) {
      const name = JSON.stringify([conversation_id, id]);
      if (this.#known.has(name)) duplicates += 1;
      else if (this.#known.size < MOST_KNOWN) this.#known.add(name);
    }
    for (const line of lines.slice(0, MOST_SHOWN - this.#shown)) {
      this.#show(line);
      this.#shown += 1;
    }
    return { status: 200, body: { accepted: lines.length - duplicates, duplicates }, location: null };
  }
}

function received(line: string, index: number): ReceivedEvent {
  try {
    return { index, value: parseJson(line) };
  } catch {
    return { index, fault: 'is not JSON' };
  }
}
