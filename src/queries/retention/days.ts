/** Days after its last activity when a conversation is removed, by channel; null for never. */
export interface Retention {
  initial: number | null;
  channels: ReadonlyMap<string, number | null>;
}

/** Nothing is ever removed. */
export const keepAll: Retention = { initial: null, channels: new Map() };

const DAY = 86_400_000;
const MOST = 36_500;

/** Parses `365,whatsapp=90`: the usual days, then those of single channels; 0 is never. Null for an invalid text. */
export function parseRetention(text: string): Retention | null {
  const channels = new Map<string, number | null>();
  let initial: number | null | undefined;
  for (const part of text.split(',')) {
    const equals = part.lastIndexOf('=');
    const said = part.slice(equals + 1).trim();
    if (!/^(0|[1-9][0-9]{0,4})$/.test(said) || Number(said) > MOST) return null;
    const days = said === '0' ? null : Number(said);
    if (equals === -1) {
      if (initial !== undefined) return null;
      initial = days;
    } else {
      const channel = part.slice(0, equals).trim();
      if (channel === '' || channels.has(channel)) return null;
      channels.set(channel, days);
    }
  }
  return initial === undefined ? null : { initial, channels };
}

/** The time in epoch milliseconds before which the last activity of a conversation must lie to be removed; null for never. */
export function cutoffOf({ initial, channels }: Retention, channel: string | null, now: number): number | null {
  const own = channel === null ? undefined : channels.get(channel);
  const days = own === undefined ? initial : own;
  return days === null ? null : now - days * DAY;
}

/** The cutoffs of the channels that are kept shortest and longest; null for never. */
export function bounds(retention: Retention, now: number): { newest: number | null; oldest: number | null } {
  const cutoffs = [retention.initial, ...retention.channels.values()].map((days) =>
    days === null ? null : now - days * DAY,
  );
  const ended = cutoffs.filter((cutoff) => cutoff !== null);
  return {
    newest: ended.length === 0 ? null : Math.max(...ended),
    oldest: ended.length < cutoffs.length ? null : Math.min(...ended),
  };
}
