import { parseDuration } from './time/duration.js';

/** Milliseconds without activity after which a conversation counts as closed; null for never. */
export interface Timeouts {
  initial: number | null;
  channels: ReadonlyMap<string, number | null>;
}

/** Parses `24h,web=1h`: the default timeout, then timeouts of single channels. Null for an invalid text. */
export function parseTimeouts(text: string): Timeouts | null {
  const channels = new Map<string, number | null>();
  let initial: number | null | undefined;
  for (const part of text.split(',')) {
    const equals = part.lastIndexOf('=');
    const duration = parseDuration(part.slice(equals + 1).trim());
    if (duration === undefined) return null;
    const timeout = duration === 0 ? null : duration;
    if (equals === -1) {
      if (initial !== undefined) return null;
      initial = timeout;
    } else {
      const channel = part.slice(0, equals).trim();
      if (channel === '' || channels.has(channel)) return null;
      channels.set(channel, timeout);
    }
  }
  return initial === undefined ? null : { initial, channels };
}
