import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { TooManyRequests } from '../errors.js';

/** Addresses and secrets that are remembered; those that were seen last stay. */
const MOST = 10_000;

/**
 * Slows down clients that guess secrets: beyond `most` wrong ones from an address at once, and that many a minute from then on, an
 * unknown secret from there is refused with 429 and not looked up. A secret that was right before goes on, so that guesses from
 * behind the same address lock nobody out who is already there. It holds for this process; null is no limit. `now` is epoch
 * milliseconds.
 */
export function guesses(most: number | null, now: () => number = Date.now) {
  /** The failures of each address that still count, at a time. */
  const failures = new Map<string, { count: number; at: number }>();
  /** Secrets, by their hash, that were right when they were last looked up. */
  const proven = new Map<string, true>();
  /** Secrets that are being looked up, with their address: many requests with one secret are one guess. */
  const pending = new Map<string, number>();

  /** The failures that still count: `most` are forgiven in a minute. */
  function countOf(place: string, limit: number): number {
    const known = failures.get(place);
    if (known === undefined) return 0;
    return Math.max(0, known.count - (Math.max(0, now() - known.at) * limit) / 60_000);
  }

  function note(place: string, count: number): void {
    failures.delete(place); // to the end
    if (count <= 0) return;
    failures.set(place, { count, at: now() });
    forgetOldest(failures);
  }

  /**
   * Looks up a secret from an address, if it may be. `find` resolves with null where the secret is wrong. Throws
   * `TooManyRequests`, whether it is right or wrong.
   */
  return async function guarded<Found>(
    address: string,
    secret: string,
    find: () => Promise<Found | null>,
  ): Promise<Found | null> {
    if (most === null) return find();
    const place = placeOf(address);
    const name = hash('sha256', secret, 'base64'); // secrets are not kept in memory
    const own = `${place} ${name}`;
    const isKnown = proven.has(name);
    const others = pending.get(own) ?? 0;
    const isGuess = !isKnown && others === 0;
    if (isGuess) {
      const count = countOf(place, most);
      if (count + 1 > most) throw tooMany(((count + 1 - most) * 60) / most);
      note(place, count + 1); // before it is looked up, or many at a time would all pass
    }
    pending.set(own, others + 1);
    let found: Found | null | undefined;
    try {
      found = await find();
      return found;
    } finally {
      const left = (pending.get(own) ?? 1) - 1;
      if (left === 0) pending.delete(own);
      else pending.set(own, left);
      if (found === null) {
        proven.delete(name);
        if (isKnown) note(place, countOf(place, most) + 1);
      } else if (isGuess) note(place, countOf(place, most) - 1); // it was none, or nobody knows
      if (found !== null && found !== undefined) {
        proven.delete(name);
        proven.set(name, true);
        forgetOldest(proven);
      }
    }
  };
}

/** Looks up a secret from an address. */
export type Guarded = ReturnType<typeof guesses>;

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size > MOST) map.delete(map.keys().next().value as string);
}

const tooMany = (seconds: number) =>
  new TooManyRequests(
    'too many wrong keys or secret addresses came from this network address: wait before you try another',
    'wrong_secrets',
    Math.max(1, Math.ceil(seconds)),
  );

/** What counts as one address: of IPv6 the network of 64 bits, which one customer of a provider has whole. */
export function placeOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? new Array(Math.max(0, 8 - first.length - last.length)).fill('0') : [];
  return `${[...first, ...zeros, ...last]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
