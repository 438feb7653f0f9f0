import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Sql } from './connect.js';
import { only } from './rows.js';

/** Milliseconds between two beats, and within which one is to be answered. */
const PERIOD = 500;
const PATIENCE = 1_000;

/**
 * The same while it is away: nobody waits for this answer, and a busy machine may take long to make a connection. Shorter, a
 * database that is slow after its return would never be found again.
 */
const LONG_PATIENCE = 5_000;

/** Beats in a row that go unanswered before the database counts as away; all but the first on connections of their own. */
const MISSES = 3;

/** Milliseconds by which this process may itself be late before it judges nobody else. */
const LATE = 200;

/** Milliseconds that a question or its answer may yet be on its way when the server says that its session does nothing. */
const ON_ITS_WAY = 1_000;

export interface Heartbeat {
  /** Whether the database has stopped answering. */
  away(): boolean;
  stop(): Promise<void>;
}

export interface Listener {
  /** The database has stopped answering, on old connections and on new ones. */
  onAway(): void;
  /** It answers on new connections, and has forgotten the old ones: what is under way on them is never answered. */
  onForgotten(): void;
}

/**
 * Asks the database now and then whether it is there, on a connection of its own, that `open` makes. A server that is frozen,
 * or whose machine is gone, refuses nothing and closes nothing: only the missing answer tells.
 *
 * Slow is not away. A beat that is missed is followed by others on fresh connections, of which a server that merely has much
 * to do answers one; and while this process is itself late, a missed beat says nothing. A refusal is an answer: it is said to
 * every statement, and is not for the heart to tell.
 */
export function heartbeat(open: () => Sql, { onAway, onForgotten }: Listener): Heartbeat {
  const lateness = monitorEventLoopDelay({ resolution: 20 });
  lateness.enable();
  let away = false;
  let stopped = false;
  let pulse = open();
  /** The server's process behind `pulse`, once it has said so. */
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
        // The old connection is slow where its session is at work, and lost where the server has answered or forgotten it.
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

  /** A beat while the database is away: each is on a connection of its own, for the old one may never come back. */
  async function findAgain(): Promise<void> {
    const fresh = open();
    const answer = watch(ask(fresh, null));
    if (await answer.within(LONG_PATIENCE)) {
      renew(fresh, answer.says()?.session ?? null);
      away = false;
    } else drop(fresh);
  }

  /** 1 for a beat that was missed, 0 where this process was late: the answer may have come and not been read. */
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
  /** The server's process behind the connection that was asked. */
  session: number;
  /** Whether another one carries out a statement now. */
  works: boolean;
}

async function ask(sql: Sql, other: number | null): Promise<Says> {
  return only(
    await sql<Says[]>`select pg_backend_pid() as session,
      exists (select from pg_stat_activity where pid = ${other}::int and state = 'active') as works`,
  );
}

/** Watches for a sign of life: an answer, or a refusal, but not the silence that the driver calls a timeout. */
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
    /** Whether it comes within so many milliseconds. */
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
