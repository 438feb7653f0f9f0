import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Sql, type Target } from '../../src/database/connect.js';
import { type Embedded, startEmbedded } from '../../src/database/embedded.js';
import { ACCOUNT } from '../harness.js';
import { proxy, type Proxy as Way } from '../proxy.js';
import { launch, main, portOf, type Service } from '../service.js';
import type { Wrong } from './clients.js';

export const KEY = 'soak:the-key-of-the-soak';

/** The most connections of the server: those of two services, and some more. */
export const CONNECTIONS = 40;

/** A database, two services before it, each behind a proxy of its own, and what is done to them. */
export interface Stage {
  services: number;
  portOf(service: number): number;
  /** The way of each service to the database. */
  ways: Way[];
  target: Exclude<Target, string>;
  /** Connections of the soak's own, not through a proxy. */
  sql: Sql;
  database: {
    pid(): number;
    /** Whether it is no death when the server ends now. */
    mayEnd(may: boolean): void;
    /** Resolves when the server has ended. */
    ended(): Promise<void>;
    stop(): Promise<void>;
    /** Starts the server where it is not running. */
    start(): Promise<void>;
  };
  /** Kills services, whatever they are doing. */
  kill(...services: number[]): Promise<void>;
  /** Asks a service to end, as a supervisor does. */
  terminate(service: number): Promise<void>;
  /** Starts a service, and does not wait for it. */
  spawn(service: number): void;
  /** Starts a service, and waits until it listens. */
  start(service: number): Promise<void>;
  /** Starts a service on another database of the same server, as a process that belongs to the caller. */
  launchOn(database: string): Service;
  /** A disk of the database's own that can be filled; null where none can be mounted. */
  disk: string | null;
  /** MB of memory that a service had at most. */
  peakMb(): number;
  /** Rejections in services that nobody handled, in their logs. */
  strays(): number;
  close(): Promise<void>;
}

/** Opens a stage. `megabytes` is the size of the disk; `deaths` gets whatever ends without being asked to. */
export async function openStage(megabytes: number, deaths: Wrong): Promise<Stage> {
  const base = mkdtempSync(join(tmpdir(), 'reports-soak-'));
  chmodSync(base, 0o755); // PostgreSQL runs as another user where this runs as root
  const data = join(base, 'data');
  mkdirSync(data);
  const disk = mountDisk(data, megabytes) ? data : null;
  const settings = { max_connections: String(CONNECTIONS), max_wal_size: '128MB', min_wal_size: '64MB' };

  let isUp = false;
  let mayEnd = false;
  const launchServer = async (): Promise<Embedded> => {
    const own = await startEmbedded({ dir: data, settings });
    isUp = true;
    own.ended.then(() => {
      if (own !== server) return;
      isUp = false;
      if (!mayEnd) deaths.add('PostgreSQL ended by itself');
    });
    return own;
  };
  let server = await launchServer();
  const target = server.connection;
  const sql = connect(target, { max: 3, statementTimeout: 60_000 });

  const ways = await Promise.all([proxy(target), proxy(target)]);
  const urlOf = ({ target: { username, host, port } }: Way, database: string) =>
    `postgres://${username}@${host}:${port}/${database}`;
  const running: (Service | null)[] = ways.map(() => null);
  const ports: number[] = ways.map(() => 0);
  let [peak, strays] = [0, 0];
  // Whatever ends the soak takes the services with it; PostgreSQL does so by itself.
  const killAll = () => {
    for (const service of running) service?.child.kill('SIGKILL');
    if (disk !== null) spawnSync('umount', ['--lazy', disk]);
  };
  process.once('exit', killAll);

  const look = (service: Service) => {
    const file = `/proc/${service.child.pid}/status`;
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    peak = Math.max(peak, Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024));
  };
  /** Takes a service off the stage, so that its end is no death. */
  const leave = (n: number): Service | null => {
    const service = running[n] ?? null;
    running[n] = null;
    if (service !== null) look(service);
    return service;
  };
  const launchOn = (url: string, port: number) =>
    launch(process.execPath, [...main, 'serve'], base, {
      ...{ DATABASE_URL: url, PORT: String(port), BOOTSTRAP_ACCOUNT: ACCOUNT, BOOTSTRAP_KEY: KEY, LOG_LEVEL: 'error' },
    });
  const spawn = (n: number) => {
    const service = launchOn(urlOf(ways[n] as Way, target.database), ports[n] as number);
    running[n] = service;
    service.ended.then((how) => {
      strays += service.said().split('unhandled rejection').length - 1;
      if (running[n] !== service) return;
      running[n] = null;
      deaths.add(`service ${n} ended by itself (${how}): ${service.said().slice(-300)}`);
    });
    return service;
  };
  const end = async (n: number, name: NodeJS.Signals) => {
    const service = leave(n);
    service?.child.kill(name);
    return service === null ? null : service.ended;
  };

  const stage: Stage = {
    services: ways.length,
    portOf: (n) => ports[n] as number,
    ...{ ways, target, sql, disk },
    database: {
      pid: () => server.pid,
      ended: () => server.ended,
      mayEnd(may) {
        mayEnd = may;
      },
      async stop() {
        isUp = false;
        await server.stop();
      },
      async start() {
        if (isUp) return;
        await server.stop(); // releases the folder
        server = await launchServer();
      },
    },
    async kill(...services) {
      await Promise.all(services.map((n) => end(n, 'SIGKILL')));
    },
    async terminate(n) {
      const how = await end(n, 'SIGTERM');
      if (how !== 0) deaths.add(`service ${n} was asked to end and ended with ${how}`);
    },
    spawn: (n) => void spawn(n),
    async start(n) {
      ports[n] = await portOf(spawn(n));
    },
    launchOn: (database) => launchOn(urlOf(ways[0] as Way, database), 0),
    peakMb() {
      for (const service of running) if (service !== null) look(service);
      return peak;
    },
    strays: () =>
      running.reduce((all, one) => all + (one?.said().split('unhandled rejection').length ?? 1) - 1, strays),
    async close() {
      process.off('exit', killAll);
      await Promise.all(running.map((_, n) => end(n, 'SIGTERM')));
      await sql.end({ timeout: 1 });
      await Promise.all(ways.map((way) => way.close()));
      mayEnd = true;
      await server.stop();
      if (disk !== null) spawnSync('umount', [disk]);
      rmSync(base, { recursive: true, force: true });
    },
  };
  await stage.start(0); // which makes the schema and the key
  await stage.start(1);
  return stage;
}

/** Mounts a disk of memory; false where that is not allowed. */
const mountDisk = (folder: string, megabytes: number): boolean =>
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder]).status === 0;
