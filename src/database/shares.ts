import { AsyncLocalStorage } from 'node:async_hooks';
import { availableParallelism } from 'node:os';
import { TooManyRequests, Unavailable } from '../errors.js';

/** The weight of a statement. `heavy` may read all conversations of an account. */
export type Weight = 'light' | 'heavy' | 'write';

/** What one key may use at the same time, in this process; several processes on one database each grant as much. */
export interface KeyShare {
  /** Maximum number of connections. */
  connections: number;
  /** Maximum number of heavy statements. */
  heavy: number;
}

/**
 * The share of a key: as configured, or by default half of the connections and one heavy statement less than there are
 * cores, so that one core is left for the other keys.
 */
export function keyShare(connections: number, set: { [Name in keyof KeyShare]?: number | undefined } = {}): KeyShare {
  const all = Math.min(connections, set.connections ?? Math.ceil(connections / 2));
  return { connections: all, heavy: Math.min(all, set.heavy ?? Math.max(1, availableParallelism() - 1)) };
}

/**
 * Maximum number of statements that wait for a connection, and of the bytes that they hold, so that memory is bounded.
 */
const MOST_WAITING = 1_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** The current key: statements made inside `callers.run` count for it. */
export const callers = new AsyncLocalStorage<string>();

/** Statements without a caller, such as key look-ups, go first: they are small, and others wait for them. */
const SERVICE = '';

interface Waiting {
  key: string;
  weight: Weight;
  bytes: number;
  enter(): void;
  refuse(error: Error): void;
}

/** How many statements run and wait, and the bytes that the waiting ones hold. */
export interface Load {
  running: Record<Weight, number>;
  waiting: number;
  bytes: number;
}

/** The number of running statements, of one key or of all. */
type Running = { all: number } & Record<Weight, number>;

const nothing = (): Running => ({ all: 0, light: 0, heavy: 0, write: 0 });

/**
 * Schedules statements: as many at a time as there are connections, no more for each key than its share, and
 * round-robin among the waiting keys. Some connections are never used for heavy statements, some never for reads and
 * some never for writes, so that none of the three can starve the others. Statements wait here and not in the driver,
 * where they could not be given up.
 */
export function shares(connections: number, share: KeyShare = keyShare(connections)) {
  const most = (part: number) => Math.max(1, Math.floor(connections * part));
  const whole: Record<Weight | 'reads', number> = {
    light: connections,
    heavy: most(1 / 2),
    reads: most(4 / 5),
    write: most(4 / 5),
  };
  /** Waiting keys in round-robin order, each with its statements in order of arrival. */
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

  /** Takes a slot and returns the function that releases it. */
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

  /** Starts the waiting statements that fit, key by key. */
  function serve(): void {
    for (let served = true; served && total.all < connections; ) {
      served = false;
      for (const [key, line] of lines.has(SERVICE) ? [[SERVICE, lines.get(SERVICE) as Set<Waiting>] as const] : lines) {
        // The first of each weight: a report that must wait does not block a small query behind it.
        const next = [...firsts(line)].find((one) => fits(key, one.weight));
        if (next === undefined) continue;
        if (lines.delete(key) && line.size > 1) lines.set(key, line); // the key goes to the end of the round
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
     * Waits for a slot and resolves with the function that releases it. Rejects after `patience` milliseconds. `size`
     * is the number of bytes that the statement holds meanwhile.
     */
    enter(patience: number, weight: Weight, size = 0): Promise<() => void> {
      const key = callers.getStore() ?? SERVICE;
      if (!lines.has(key) && fits(key, weight)) return Promise.resolve(take(key, weight));
      if (waiting >= MOST_WAITING)
        return Promise.reject(
          new Unavailable('too many requests are waiting for the database', { shed: 'statements' }),
        );
      if (bytes + size > MOST_BYTES) {
        return Promise.reject(
          new TooManyRequests('too many bytes are waiting for the database: send fewer at a time', 'statement_bytes'),
        );
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
          () =>
            one.refuse(new Unavailable('no connection to the database became free in time', { shed: 'statements' })),
          patience,
        );
        const line = lines.get(key) ?? new Set();
        lines.set(key, line.add(one));
        waiting++;
        bytes += size;
        serve();
      });
    },
    /** Forgets the running statements: their connections are replaced. */
    renew(): void {
      running = new Map();
      total = nothing();
      serve();
    },
    /** The statements of this moment. */
    load: (): Load => ({ running: { light: total.light, heavy: total.heavy, write: total.write }, waiting, bytes }),
    /** Rejects every waiting statement. */
    clear(error: Error): void {
      for (const line of [...lines.values()]) for (const one of [...line]) one.refuse(error);
    },
  };
}

/** The first statement of each weight in a queue. */
function* firsts(line: Set<Waiting>): Generator<Waiting> {
  const seen = new Set<Weight>();
  for (const one of line) {
    if (seen.has(one.weight)) continue;
    seen.add(one.weight);
    yield one;
    if (seen.size === 3) return;
  }
}
