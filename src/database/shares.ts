import { AsyncLocalStorage } from 'node:async_hooks';
import { availableParallelism } from 'node:os';
import { TooManyRequests, Unavailable } from '../errors.js';

/** How much a statement asks of the server. `heavy`: it may read all conversations of an account. */
export type Weight = 'light' | 'heavy' | 'write';

/** What one key may use at a time. Of this process alone: several that share a database each give as much. */
export interface KeyShare {
  /** Most connections. */
  connections: number;
  /** Most heavy statements. */
  heavy: number;
}

/**
 * The share of a key, in what is set of it. Where nothing is: half of the connections, and of heavy statements one less than
 * there are cores, so that one is left to everybody else.
 */
export function keyShare(connections: number, set: { [Name in keyof KeyShare]?: number | undefined } = {}): KeyShare {
  const all = Math.min(connections, set.connections ?? Math.ceil(connections / 2));
  return { connections: all, heavy: Math.min(all, set.heavy ?? Math.max(1, availableParallelism() - 1)) };
}

/** Most statements that wait for a connection, and bytes that they hold meanwhile. Memory must not grow without end. */
const MOST_WAITING = 1_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Who is asking: statements that are made while `callers.run` is under way count for this key. */
export const callers = new AsyncLocalStorage<string>();

/** Statements without a caller, such as those that look keys up, go first: they are small, and others wait for them. */
const SERVICE = '';

interface Waiting {
  key: string;
  weight: Weight;
  bytes: number;
  enter(): void;
  refuse(error: Error): void;
}

/** What runs now, of one key or of all. */
type Running = { all: number } & Record<Weight, number>;

const nothing = (): Running => ({ all: 0, light: 0, heavy: 0, write: 0 });

/**
 * Gives statements their turn: so many at a time as there are connections, to each key no more than its share, and to the
 * keys that wait one after the other. Some connections are never given to heavy statements, some never to reads and some
 * never to writes, so that none of the three can keep the others out. Who waits does so here rather than in the driver, where
 * they could not be told to give up.
 */
export function shares(connections: number, share: KeyShare = keyShare(connections)) {
  const most = (part: number) => Math.max(1, Math.floor(connections * part));
  const whole: Record<Weight | 'reads', number> = {
    light: connections,
    heavy: most(1 / 2),
    reads: most(4 / 5),
    write: most(4 / 5),
  };
  /** Keys that wait, in the order of their turns, each with its statements in order of arrival. */
  const lines = new Map<string, Set<Waiting>>();
  let running = new Map<string, Running>();
  let total = nothing();
  let waiting = 0;
  let bytes = 0;

  function fits(key: string, weight: Weight): boolean {
    if (total.all >= connections) return false;
    if (key === SERVICE) return true;
    const own = running.get(key) ?? nothing();
    if (own.all >= share.connections || total[weight] >= whole[weight]) return false;
    if (weight === 'heavy' && own.heavy >= share.heavy) return false;
    return weight === 'write' || total.light + total.heavy < whole.reads;
  }

  /** Takes a place and returns how to give it back. */
  function take(key: string, weight: Weight): () => void {
    const own = running.get(key) ?? nothing();
    running.set(key, own);
    for (const one of [own, total]) {
      one.all++;
      one[weight]++;
    }
    const [generation, all] = [running, total];
    return () => {
      for (const one of [own, all]) {
        one.all--;
        one[weight]--;
      }
      if (own.all === 0) generation.delete(key);
      serve();
    };
  }

  /** Lets in who fits, a key after the other. */
  function serve(): void {
    for (let served = true; served && total.all < connections; ) {
      served = false;
      for (const [key, line] of lines.has(SERVICE) ? [[SERVICE, lines.get(SERVICE) as Set<Waiting>] as const] : lines) {
        // Of each weight the first: a report that has to wait does not hold up a small question behind it.
        const next = [...firsts(line)].find((one) => fits(key, one.weight));
        if (next === undefined) continue;
        if (lines.delete(key) && line.size > 1) lines.set(key, line); // its next turn comes after the others'
        next.enter();
        served = true;
        break;
      }
    }
  }

  function leave(one: Waiting): void {
    const line = lines.get(one.key);
    line?.delete(one);
    if (line?.size === 0) lines.delete(one.key);
    waiting--;
    bytes -= one.bytes;
  }

  return {
    /**
     * Resolves with the way to give the place back when there is one, and rejects when that takes longer than `patience`
     * milliseconds. `size` is how many bytes the statement holds meanwhile.
     */
    enter(patience: number, weight: Weight, size = 0): Promise<() => void> {
      const key = callers.getStore() ?? SERVICE;
      if (!lines.has(key) && fits(key, weight)) return Promise.resolve(take(key, weight));
      if (waiting >= MOST_WAITING) return Promise.reject(new Unavailable('too many requests wait for the database'));
      if (bytes + size > MOST_BYTES) {
        return Promise.reject(new TooManyRequests('too many bytes wait for the database: send fewer at a time'));
      }
      return new Promise((resolve, reject) => {
        const one: Waiting = {
          key,
          weight,
          bytes: size,
          enter() {
            clearTimeout(timer);
            leave(one);
            resolve(take(key, weight));
          },
          refuse(error) {
            clearTimeout(timer);
            leave(one);
            reject(error);
          },
        };
        const timer = setTimeout(
          () => one.refuse(new Unavailable('no connection to the database became free in time')),
          patience,
        );
        const line = lines.get(key) ?? new Set();
        lines.set(key, line.add(one));
        waiting++;
        bytes += size;
        serve();
      });
    },
    /** Forgets what runs: its connections are given up, and new ones made. */
    renew(): void {
      running = new Map();
      total = nothing();
      serve();
    },
    /** Tells everyone who waits to give up. */
    clear(error: Error): void {
      for (const line of [...lines.values()]) for (const one of [...line]) one.refuse(error);
    },
  };
}

/** The first of each weight in a line. */
function* firsts(line: Set<Waiting>): Generator<Waiting> {
  const seen = new Set<Weight>();
  for (const one of line) {
    if (seen.has(one.weight)) continue;
    seen.add(one.weight);
    yield one;
    if (seen.size === 3) return;
  }
}
