import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from '../app.js';
import { createKey, listAccounts, listKeys } from '../auth/keys.js';
import { type Config, readConfig, settings } from '../config.js';
import type { Database } from '../database/database.js';
import { makeLog } from '../log.js';
import { version } from '../root.js';
import { openDatabase } from './open.js';
import { onSignals } from './signals.js';
import { cannotListen } from './start-failures.js';

const settingsHelp = settings
  .map(
    ({ name, initial, description }) =>
      `  ${name.padEnd(21)} ${description}${initial === '' ? '' : ` (default ${initial})`}`,
  )
  .join('\n');

/** `serve`: the service, until SIGINT or SIGTERM. */
export const serveCommand = () =>
  new Command('serve')
    .description('run the service')
    .addHelpText('after', `\nSettings, from the environment:\n${settingsHelp}`)
    .action(serve);

/** Milliseconds that requests in flight get to finish after a signal, and all of the stop together. */
const PATIENCE = 15_000;
const MOST = PATIENCE + 10_000;

/** Milliseconds within which a second signal is the first one again: a terminal sends it to npm and to us, and npm passes it on. */
const ECHO = 1_000;

async function serve(): Promise<void> {
  const started = performance.now();
  const config = readConfig(process.env);
  const log = makeLog(config.LOG_LEVEL);
  surviveStrays(log);
  const running = start(config, log);
  stopOnSignals(log, running);
  const { url, firstKey, accounts } = await running;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`Conversation Reports ${version} listens on ${url}, ready after ${seconds} s\n`);
  if (firstKey?.made !== undefined) process.stdout.write(welcome(firstKey.account_id, firstKey.made, url));
  else process.stdout.write(wayIn(accounts));
}

interface Running {
  app: FastifyInstance;
  url: string;
  /** The key that this start made, on a database without keys. */
  firstKey: FirstKey | null;
  accounts: string[];
  /** Ends the database connections, and the database where it is ours. */
  close(): Promise<void>;
}

async function start(config: Config, log: Logger): Promise<Running> {
  const { db, applied, close } = await openDatabase(config, 'service', (what) => log.error(what));
  if (applied.length > 0) log.info({ migrations: applied }, 'migrated');
  let app: FastifyInstance | undefined;
  try {
    app = await buildApp({
      db,
      timeouts: config.CONVERSATION_TIMEOUT,
      corsOrigins: config.CORS_ORIGINS,
      limits: {
        requests: config.KEY_REQUESTS,
        bytes: config.KEY_BODIES * 1024 * 1024,
        total: config.BODIES * 1024 * 1024,
        rate: config.KEY_RATE ?? null,
      },
      logger: log,
    });
    // A key of the operator's is there before anybody can ask with it. One that is made here is shown once, so it is made
    // when nothing can fail any more: a start that ends on a busy port must not have taken it along.
    const isGiven = config.BOOTSTRAP_KEY !== undefined;
    const given = isGiven ? await bootstrap(db, config) : null;
    const url = await app.listen({ host: config.HOST, port: config.PORT }).catch((error) => {
      throw cannotListen(error, config.HOST, config.PORT);
    });
    const firstKey = isGiven ? given : await bootstrap(db, config);
    const accounts = await listAccounts(db);
    return { app, url, firstKey, accounts, close };
  } catch (error) {
    await app?.close();
    await close();
    throw error;
  }
}

/** Ends the process on SIGINT and SIGTERM: with what is under way answered, or at once on a second signal. */
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
    const service = await running.catch(() => null); // a start that is under way is waited for, to be undone
    if (service !== null) {
      await Promise.race([service.app.close(), delay(PATIENCE)]);
      await service.close();
    }
    log.info('stopped');
    process.exit(status);
  }
  const end = (why: string, status: number) =>
    stop(why, status).catch((error) => {
      log.error({ err: error }, 'the stop failed');
      process.exit(1);
    });
  onSignals((signal) => end(signal, 0));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught');
    end('uncaught error', 1);
  });
}

/**
 * Logs and counts the rejections that nobody handles. They come from work beside the requests, such as a connection that
 * failed when nobody waited for it any more; the service and its state are none the worse, so it goes on.
 */
function surviveStrays(log: Logger): void {
  let strays = 0;
  process.on('unhandledRejection', (error) => {
    strays++;
    log.error({ err: error, strays }, 'a rejection that nobody handled');
  });
}

interface FirstKey {
  account_id: string;
  /** `key_id:secret` where it was made here; undefined where the operator gave it. */
  made?: string;
}

/** On a database without keys: makes the first one. */
async function bootstrap(db: Database, config: Config): Promise<FirstKey | null> {
  if ((await listKeys(db)).length > 0) return null;
  const [key_id, secret] = config.BOOTSTRAP_KEY?.split(':') ?? [];
  const account_id = config.BOOTSTRAP_ACCOUNT ?? randomUUID();
  const made = await createKey(db, {
    account_id,
    name: 'first key',
    permissions: ['admin'],
    team_ids: null,
    bot_ids: null,
    ...(key_id === undefined || secret === undefined ? {} : { key_id, secret }),
  }).catch((error) => (error.code === '23505' ? null : Promise.reject(error)));
  if (made === null) return null; // another service on this database made it meanwhile
  return secret === undefined ? { account_id, made: `${made.key_id}:${made.secret}` } : { account_id };
}

/** How to get a key for a database that has accounts already. */
function wayIn(accounts: string[]): string {
  const shown = accounts.slice(0, 5).join(', ') + (accounts.length > 5 ? `, and ${accounts.length - 5} more` : '');
  const choice = accounts.length > 1 ? ' --account UUID' : '';
  return `Accounts  ${shown}\nA key:    npx conversation-reports keys create --permission read${choice}\n`;
}

/** The one time that a key which was made here is shown. */
const welcome = (account_id: string, key: string, url: string) => `
Account  ${account_id}
Key      ${key}   (admin; shown only now)

Try it:  curl -u '${key}' ${url}/v1/bots
         ${url}/docs   (Authorize: the key as it stands here, under "key")

`;
