import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Sql } from './connect.js';
import { only } from './rows.js';

/** Interval between two beats, and the timeout of a beat, in milliseconds. */
const PERIOD = 500;
const PATIENCE = 1_000;

/**
 * The timeout while the database is away. Nobody waits for this answer, and a busy machine may need long to connect. A
 * shorter one could miss a database that is slow after its return.
 */
const LONG_PATIENCE = 5_000;

/**
 * Number of consecutive missed beats after which the database counts as away; all but the first use new connections.
 */
const MISSES = 3;

/** A beat does not count as missed if this process itself was late by more than this, in milliseconds. */
const LATE = 200;

/**
 * How long a query or its answer may still be in transit when the server reports its session as idle, in milliseconds.
 */
const ON_ITS_WAY = 1_000;

export interface Heartbeat {
  /** Whether the database has stopped answering. */
  away(): boolean;
  stop(): Promise<void>;
}

export interface Listener {
  /** The database answers neither on old connections nor on new ones. */
  onAway(): void;
  /** It answers on new connections but has lost the old ones: statements on those will never be answered. */
  onForgotten(): void;
}

/**
 * Checks regularly whether the database answers, on its own connection, which `open` creates. A frozen server, or one
 * whose machine is gone, neither refuses nor closes connections: only the missing answer shows it.
 *
 * Slow is not away. A missed beat is followed by others on new connections, of which a busy server answers one. While
 * this process is itself late, a missed beat does not count. A refusal is an answer: every statement gets it too, so it
 * is not reported here.
 */
export function heartbeat(open: () => Sql, { onAway, onForgotten }: Listener): Heartbeat {
  const lateness = monitorEventLoopDelay({ resolution: 20 });
  lateness.enable();
  let away = false;
  let stopped = false;
  let pulse = open();
  /** The pid of the server process behind `pulse`, once known. */
  let session: number | null = null;
  let timer: NodeJS.Timeout | undefined;

  const drop = (sql: Sql) => sql.end({ timeout: 0 }).catch(() => {});
  const renew = (fresh: Sql, pid: number | null) => {
    drop(pulse);
    pulse = fresh;
    session = pid;
  };

  async function beat(): Promise<void> {
    if (away) return findAgain();
    lateness.reset();
    const standing = watch(ask(pulse, null));
    if (await standing.within(PATIENCE)) {
      session = standing.says()?.session ?? session;
      return;
    }
    for (let misses = await countsAsMissed(); misses < MISSES && !stopped; misses += await countsAsMissed()) {
      if (standing.seen()) return;
      lateness.reset();
      const fresh = open();
      const answer = watch(ask(fresh, session));
      if (await answer.within(PATIENCE)) {
        const says = answer.says();
        // The old connection is slow if its session is active, and lost if the server has answered it or does not know it.
        const isLost = session !== null && says?.works === false && !(await standing.within(ON_ITS_WAY));
        if (isLost && !stopped) onForgotten();
        renew(fresh, says?.session ?? null);
        return;
      }
      drop(fresh);
    }
    if (stopped || standing.seen()) return;
    away = true;
    onAway();
  }

  /** A beat while the database is away. Each uses a new connection, because the old one may never recover. */
  async function findAgain(): Promise<void> {
    const fresh = open();
    const answer = watch(ask(fresh, null));
    if (await answer.within(LONG_PATIENCE)) {
      renew(fresh, answer.says()?.session ?? null);
      away = false;
    } else drop(fresh);
  }

  /** 1 for a missed beat, 0 if this process was late: the answer may have arrived without being read. */
  async function countsAsMissed(): Promise<0 | 1> {
    await turn();
    await turn();
    return lateness.max / 1e6 > LATE ? 0 : 1;
  }

  function next(): void {
    if (stopped) return;
    timer = setTimeout(
      () =>
        beat()
          .catch(() => {})
          .finally(next),
      PERIOD,
    );
    timer.unref();
  }
  next();

  return {
    away: () => away,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      lateness.disable();
      await pulse.end({ timeout: 1 });
    },
  };
}

interface Says {
  /** The pid of the server process behind the connection. */
  session: number;
  /** Whether another session is executing a statement now. */
  works: boolean;
}

async function ask(sql: Sql, other: number | null): Promise<Says> {
  return only(
    await sql<Says[]>`select pg_backend_pid() as session,
      exists (select from pg_stat_activity where pid = ${other}::int and state = 'active') as works`,
  );
}

/** Waits for a sign of life: an answer or a refusal, but not the driver's timeout. */
function watch(asked: Promise<Says>) {
  let seen = false;
  let answer: Says | null = null;
  const came = asked.then(
    (says) => {
      seen = true;
      answer = says;
    },
    (error) => {
      seen = error.code !== 'CONNECT_TIMEOUT';
    },
  );
  return {
    seen: () => seen,
    says: () => answer,
    /** Whether it comes within this many milliseconds. */
    async within(ms: number): Promise<boolean> {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
        timer.unref();
      });
      await Promise.race([came, late]);
      clearTimeout(timer);
      return seen;
    },
  };
}
