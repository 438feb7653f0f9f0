/** Milliseconds without activity after which a conversation counts as closed; null is never. */
export interface Timeouts {
  initial: number | null;
  channels: ReadonlyMap<string, number | null>;
}

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `24h,web=1h`: the timeout of every channel, then those of single ones. Null when it is no such text. */
export function parseTimeouts(text: string): Timeouts | null {
  const channels = new Map<string, number | null>();
  let initial: number | null | undefined;
  for (const part of text.split(',')) {
    const equals = part.lastIndexOf('=');
    const duration = parseDuration(part.slice(equals + 1).trim());
    if (duration === undefined) return null;
    if (equals === -1) {
      if (initial !== undefined) return null;
      initial = duration;
    } else {
      const channel = part.slice(0, equals).trim();
      if (channel === '' || channels.has(channel)) return null;
      channels.set(channel, duration);
    }
  }
  return initial === undefined ? null : { initial, channels };
}

function parseDuration(text: string): number | null | undefined {
  if (/^0[smhd]?$/.test(text)) return null;
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  return match ? Number(match[1]) * (units[match[2] as string] as number) : undefined;
}
