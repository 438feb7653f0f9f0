import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect as openSocket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../../src/database/connect.js';
import type { Random } from '../fold/events.js';
import { hogConnections } from '../hog.js';
import type { Hooks, Pair } from '../proxy.js';
import { portOf, untilActive } from '../service.js';
import { signal } from '../signal.js';
import { ask, type Wrong } from './clients.js';
import { asked } from './questions.js';
import { CONNECTIONS, KEY, type Stage } from './stage.js';
import { goneBatch, type Ledger } from './traffic.js';

/** Milliseconds that a silent fault lasts: longer than the service takes to tell a slow database from one that is away. */
const SILENT = 6_000;

export interface Struck {
  stage: Stage;
  ledger: Ledger;
  r: Random;
  /** To be called when what was taken away is given back, or is asked to start again. */
  over: () => void;
  wrong: Wrong;
}

/** What strikes. Each resolves when what it took away is back; the services need not have found out by then. */
export const faults: Record<string, (struck: Struck) => Promise<void>> = {
  async 'database killed'({ stage: { database }, over }) {
    database.mayEnd(true);
    signal(database.pid(), 'SIGKILL');
    await database.ended();
    await delay(1_000);
    over();
    await database.start();
    database.mayEnd(false);
  },

  async 'database stopped and started'({ stage: { database }, over }) {
    database.mayEnd(true);
    await database.stop();
    await delay(1_000);
    over();
    await database.start();
    database.mayEnd(false);
  },

  async 'database frozen'({ stage: { database }, over }) {
    signal(database.pid(), 'SIGSTOP');
    await delay(SILENT);
    over();
    signal(database.pid(), 'SIGCONT');
  },

  // What was sent meanwhile, and all that is sent on connections of before, is never answered, as behind a firewall that forgot.
  async 'network swallows all'({ stage: { ways }, over }) {
    for (const way of ways) {
      let isOpen = false;
      const lost = new Set<Pair>(way.pairs);
      const passes: Hooks['up'] = (_, pair) => {
        if (!isOpen) lost.add(pair);
        return !lost.has(pair);
      };
      way.up = passes;
      way.down = passes;
      setTimeout(() => {
        isOpen = true;
      }, SILENT);
    }
    await delay(SILENT);
    over();
  },

  async 'connections cut'({ stage: { ways }, over }) {
    for (let n = 0; n < 6; n++) {
      for (const way of ways) way.cut();
      await delay(300);
    }
    over();
  },

  async 'out of connections'({ stage: { target }, over }) {
    const end = performance.now() + 4_000;
    await hogConnections(target, CONNECTIONS + 5, () => performance.now() > end);
    over();
  },

  async 'disk full'({ stage: { disk, database }, over }) {
    if (disk === null) throw new Error('there is no disk to fill');
    const ballast = join(disk, 'ballast');
    const file = openSync(ballast, 'w');
    database.mayEnd(true); // PostgreSQL may give up where it cannot write its log
    const end = performance.now() + SILENT;
    while (performance.now() < end) {
      fill(file);
      await delay(100);
    }
    ftruncateSync(file);
    closeSync(file);
    rmSync(ballast);
    over();
    // One that cannot start again by itself ends after a while.
    for (let n = 0; n < 20; n++) {
      await database.start();
      await delay(100);
    }
    database.mayEnd(false);
  },

  async 'service killed in mid-ingest'({ stage, over }) {
    await whileLocked(stage, 'segment_marks', async () => {
      const waiting = async () =>
        (
          await stage.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            and query like '%ingest(%'`
        ).length;
      // Half of the senders are those of the other service.
      const end = performance.now() + 3_000;
      while ((await waiting()) < 5 && performance.now() < end) await delay(20);
      await stage.kill(0);
    });
    over();
    await stage.start(0);
  },

  async 'services killed in a refresh'({ stage, over }) {
    await whileLocked(stage, 'conversation_segments', async () => {
      await untilActive(stage.sql, '%conversation_segments%', 'Lock');
      await stage.kill(0, 1);
    });
    over();
    await Promise.all([stage.start(0), stage.start(1)]);
  },

  async 'service killed in its start'({ stage, r, over }) {
    await stage.kill(1);
    for (let n = 0; n < 3; n++) {
      stage.spawn(1);
      await delay(100 + r.below(900));
      await stage.kill(1);
    }
    over();
    await stage.start(1);
  },

  // On a database of its own, whose schema is made as by an upgrade; the others are only disturbed.
  async 'service killed in a migration'({ stage, r, over, wrong }) {
    const name = 'soak_upgrade';
    await stage.sql`drop database if exists ${stage.sql(name)} with (force)`;
    await stage.sql`create database ${stage.sql(name)}`;
    const other = connect({ ...stage.target, database: name }, { max: 1, statementTimeout: 60_000 });
    const tables = async () =>
      (await other`select from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`).length;
    try {
      const first = stage.launchOn(name);
      await untilActive(other);
      await delay(r.below(300));
      first.child.kill('SIGKILL');
      await first.ended;
      const halfway = await tables();
      const second = stage.launchOn(name);
      over();
      const isUp = await portOf(second).then(
        () => true,
        () => false,
      );
      second.child.kill('SIGTERM');
      await second.ended;
      const [whole, here] = [
        await tables(),
        (await stage.sql`select from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`).length,
      ];
      if (!isUp || whole !== here) wrong.add(`after a kill at ${halfway} tables, a start makes ${whole} of ${here}`);
    } finally {
      await other.end({ timeout: 1 });
    }
    await stage.sql`drop database ${stage.sql(name)} with (force)`;
  },

  async 'service asked to end and started'({ stage, over }) {
    await stage.terminate(1);
    over();
    await stage.start(1);
  },

  // Some in the middle of their body, some before the answer.
  async 'clients gone in mid-request'({ stage, ledger, r, over }) {
    for (let n = 0; n < 60; n++) {
      const socket = openSocket(stage.portOf(n % stage.services), '127.0.0.1');
      socket.on('error', () => {});
      const isRead = n % 3 === 0;
      const body = JSON.stringify(isRead ? asked.messagesQuery.body : { events: goneBatch(ledger.gone++) });
      const path = isRead ? asked.messagesQuery.path : '/v1/events';
      const part = n % 3 === 1 ? body.slice(0, body.length / 2) : body;
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${part}`,
      );
      setTimeout(() => socket.destroy(), r.below(150));
      await delay(50);
    }
    await delay(200);
    over();
  },

  async 'one key flooding'({ stage, over, wrong }) {
    const made = await ask(stage, 0, '/v1/keys', { name: 'flood', permissions: ['read'] });
    const { key } = JSON.parse(made.text) as { key: string };
    const end = performance.now() + SILENT;
    let limited = 0;
    const flood = async (n: number) => {
      while (performance.now() < end) {
        const { path, body } = asked.messagesQuery;
        const { status, retryAfter } = await ask(stage, n % stage.services, path, body, key);
        if (status === 429) limited++;
        if (retryAfter > 0) await delay(20); // it does not wait as long as it was told
      }
    };
    await Promise.all(Array.from({ length: 300 }, (_, n) => flood(n)));
    if (limited === 0) wrong.add('a flood of one key was never answered with 429');
    over();
  },
};

/** Appends to a file until the disk is full. */
function fill(file: number): void {
  for (let size = 1024 * 1024; size >= 1024; ) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      size /= 4;
    }
  }
}

/** Keeps everybody from writing to a table meanwhile. */
async function whileLocked({ target }: Stage, table: string, work: () => Promise<void>): Promise<void> {
  const holder = connect(target, { max: 1, statementTimeout: 60_000 });
  try {
    await holder.begin(async (tx) => {
      await tx`lock table ${tx(table)} in share mode`;
      await work();
    });
  } finally {
    await holder.end({ timeout: 1 });
  }
}
