import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from '../app.js';
import { createKey, listAccounts, listKeys } from '../auth/keys.js';
import { type Config, commandName, readConfig, settings } from '../config.js';
import type { Database, Pool, Statement } from '../database/database.js';
import { makeLog } from '../log.js';
import { listen } from '../metrics/listener.js';
import { watchMarks } from '../metrics/marks.js';
import { createMetrics } from '../metrics/metrics.js';
import { startEraser } from '../queries/erasure/eraser.js';
import { startRemover } from '../queries/retention/remover.js';
import { startRefresher } from '../queries/segments/refresher.js';
import { version } from '../root.js';
import { startTraces } from '../traces/traces.js';
import { openDatabase } from './open.js';
import { onSignals } from './signals.js';
import { cannotListen } from './start-failures.js';

const settingsHelp = settings
  .map(
    ({ name, initial, description }) =>
      `  ${name.padEnd(27)} ${description}${initial === '' ? '' : ` (default ${initial})`}`,
  )
  .join('\n');

/** `serve` runs the service until SIGINT or SIGTERM. */
export const serveCommand = () =>
  new Command('serve')
    .description('run the service')
    .addHelpText('after', `\nSettings, from the environment:\n${settingsHelp}`)
    .action(serve);

/** Time limits in milliseconds after a signal: for requests in flight, and for the whole shutdown. */
const PATIENCE = 15_000;
const MOST = PATIENCE + 10_000;

/**
 * A second signal within this time is a copy of the first: a terminal sends it to npm and to us, and npm forwards it.
 */
const ECHO = 1_000;

async function serve(): Promise<void> {
  const started = performance.now();
  const { url, firstKey, accounts } = await runService(readConfig(process.env));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`Conversation Reports ${version} listens on ${url}, ready after ${seconds} s\n`);
  if (firstKey?.made !== undefined) process.stdout.write(welcome(firstKey.account_id, firstKey.made, url));
  else process.stdout.write(wayIn(accounts));
}

/** Runs the service until SIGINT or SIGTERM; resolves when it listens. */
export function runService(config: Config): Promise<Running> {
  const log = makeLog(config.LOG_LEVEL);
  const strays = surviveStrays(log);
  const running = start(config, log, strays);
  stopOnSignals(log, running);
  return running;
}

export interface Running {
  app: FastifyInstance;
  url: string;
  /** The key that this start created on a database without keys. */
  firstKey: FirstKey | null;
  accounts: string[];
  /** Closes the database connections, and stops the database if it is ours. */
  close(): Promise<void>;
}

async function start(config: Config, log: Logger, strays: () => number): Promise<Running> {
  let load: Pool['load'] | undefined;
  let marks: ReturnType<typeof watchMarks> | undefined;
  const metrics =
    config.METRICS_PORT === undefined
      ? undefined
      : createMetrics({ load: () => load?.() ?? null, strays, oldestMark: () => marks?.age() ?? null });
  const traces =
    config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? undefined : await startTraces((what) => log.warn(what));
  const onStatement = (statement: Statement) => {
    metrics?.onStatement(statement);
    traces?.onStatement(statement);
  };
  const opened = openDatabase(config, 'service', (what) => log.error(what), onStatement);
  const { db, applied, close } = await opened.catch(async (error) => {
    await traces?.close();
    throw error;
  });
  load = db.load;
  if (applied.length > 0) log.info({ migrations: applied }, 'migrated');
  let app: FastifyInstance | undefined;
  let scraped: Awaited<ReturnType<typeof listen>> | undefined;
  try {
    app = await buildApp({
      db,
      timeouts: config.CONVERSATION_TIMEOUT,
      retention: config.RETENTION_DAYS,
      corsOrigins: config.CORS_ORIGINS,
      limits: {
        requests: config.KEY_REQUESTS,
        bytes: config.KEY_BODIES * 1024 * 1024,
        total: config.BODIES * 1024 * 1024,
        rate: config.KEY_RATE ?? null,
      },
      wrongSecrets: config.WRONG_SECRETS === 0 ? null : config.WRONG_SECRETS,
      isProxy: config.TRUST_PROXY,
      basePath: config.BASE_PATH,
      logger: log,
      observer: metrics?.observer,
      beginSpan: traces?.begin,
    });
    if (metrics !== undefined) {
      const [host, port] = [config.METRICS_HOST, config.METRICS_PORT as number];
      scraped = await listen(metrics, host, port).catch((error) => {
        throw cannotListen(error, host, port, 'METRICS_');
      });
      log.info({ url: scraped.url }, 'metrics');
    }
    // A key given by the operator exists before the service listens. A generated one is shown only once, so it is created
    // when nothing can fail any more: a start that fails on a busy port must not lose it.
    const isGiven = config.BOOTSTRAP_KEY !== undefined;
    const given = isGiven ? await bootstrap(db, config) : null;
    const url = await app.listen({ host: config.HOST, port: config.PORT }).catch((error) => {
      throw cannotListen(error, config.HOST, config.PORT);
    });
    const firstKey = isGiven ? given : await bootstrap(db, config);
    const accounts = await listAccounts(db);
    const refresher = startRefresher(db, config.CONVERSATION_TIMEOUT, (error) => {
      metrics?.refreshFailed();
      log.warn({ err: error }, 'segments could not be refreshed');
    });
    const remover = startRemover(db, config.RETENTION_DAYS, (error) =>
      log.warn({ err: error }, 'old conversations could not be removed yet'),
    );
    const eraser = startEraser(db, (error) => log.warn({ err: error }, 'a person could not be erased yet'));
    if (metrics !== undefined) marks = watchMarks(db);
    return {
      app,
      url,
      firstKey,
      accounts,
      async close() {
        // What they do is undone when their connections close.
        const stopped = Promise.all([refresher.stop(), eraser.stop(), remover.stop()]);
        const forgotten = marks?.stop();
        await close();
        await Promise.all([stopped, forgotten, scraped?.close(), traces?.close()]);
      },
    };
  } catch (error) {
    await app?.close();
    await scraped?.close();
    await close();
    await traces?.close();
    throw error;
  }
}

/** Ends the process on SIGINT and SIGTERM: after the requests in flight, or at once on a second signal. */
function stopOnSignals(log: Logger, running: Promise<Running>): void {
  let since: number | null = null;
  async function stop(why: string, status: number): Promise<void> {
    if (since !== null) {
      if (performance.now() - since > ECHO) process.exit(1);
      return;
    }
    since = performance.now();
    log.info({ why }, 'stopping');
    setTimeout(() => process.exit(1), MOST).unref();
    const service = await running.catch(() => null); // wait for a start in progress, so that it can be undone
    if (service !== null) {
      await Promise.race([service.app.close(), delay(PATIENCE)]);
      await service.close();
    }
    log.info('stopped');
    process.exit(status);
  }
  const end = (why: string, status: number) =>
    stop(why, status).catch((error) => {
      log.error({ err: error }, 'the shutdown failed');
      process.exit(1);
    });
  onSignals((signal) => end(signal, 0));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught');
    end('uncaught error', 1);
  });
}

/**
 * Logs and counts unhandled rejections. They come from background work, such as a connection that failed after
 * everybody had stopped waiting for it. They do not affect the state of the service, so it continues. Returns how many there
 * have been.
 */
function surviveStrays(log: Logger): () => number {
  let strays = 0;
  process.on('unhandledRejection', (error) => {
    strays++;
    log.error({ err: error, strays }, 'unhandled rejection');
  });
  return () => strays;
}

interface FirstKey {
  account_id: string;
  /** `key_id:secret` if it was generated; undefined if the operator gave it. */
  made?: string;
}

/** The id of a first key that is generated: always the same, so that of several processes that start at once one makes it. */
const FIRST = 'first';

/** Creates the first key on a database without keys. */
async function bootstrap(db: Database, config: Config): Promise<FirstKey | null> {
  if ((await listKeys(db)).length > 0) return null;
  const [key_id = FIRST, secret] = config.BOOTSTRAP_KEY?.split(':') ?? [];
  const account_id = config.BOOTSTRAP_ACCOUNT ?? randomUUID();
  const made = await createKey(db, {
    account_id,
    name: 'first key',
    permissions: ['admin'],
    team_ids: null,
    bot_ids: null,
    key_id,
    ...(secret === undefined ? {} : { secret }),
  }).catch((error) => (error.code === '23505' ? null : Promise.reject(error)));
  if (made === null) return null; // another process on this database created it meanwhile
  return secret === undefined ? { account_id, made: `${made.key_id}:${made.secret}` } : { account_id };
}

/** How to get a key for a database that already has accounts. */
function wayIn(accounts: string[]): string {
  const shown = accounts.slice(0, 5).join(', ') + (accounts.length > 5 ? `, and ${accounts.length - 5} more` : '');
  const choice = accounts.length > 1 ? ' --account UUID' : '';
  return `Accounts  ${shown}\nA key:    ${commandName(process.env)} keys create --permission read${choice}\n`;
}

/** Shows a generated key; this is the only time. It stands alone on its line, so that a click marks what to copy. */
const welcome = (account_id: string, key: string, url: string) => `
  Your account is ${account_id}. Its first key may do everything and is shown only now:

export KEY=${key}

  See it:  ${url}/   (the dashboard: sign in with the key)
  Try it:  curl -u "$KEY" ${url}/v1/bots
           ${url}/docs   (Authorize: the key, under "key")

`;
