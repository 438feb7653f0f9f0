import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import pino from 'pino';
import { buildApp } from '../app.js';
import { createKey, listKeys } from '../auth/keys.js';
import { type Config, readConfig, settings } from '../config.js';
import type { Database } from '../database/database.js';
import { version } from '../root.js';
import { openDatabase } from './open.js';

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

/** Milliseconds that requests in flight get to finish after a signal. */
const PATIENCE = 15_000;

async function serve(): Promise<void> {
  const started = performance.now();
  const config = readConfig(process.env);
  const logger = pino({ level: config.LOG_LEVEL });
  const { db, applied, close } = await openDatabase(config, 'service', (what) => logger.error(what));
  if (applied.length > 0) logger.info({ migrations: applied }, 'migrated');

  const app = await buildApp({ db, timeouts: config.CONVERSATION_TIMEOUT, corsOrigins: config.CORS_ORIGINS, logger });
  let stopping = false;
  const stop = async (why: string, status: number) => {
    if (stopping) process.exit(1); // a second signal: the first one takes too long
    stopping = true;
    logger.info({ why }, 'stopping');
    setTimeout(() => process.exit(1), PATIENCE + 10_000).unref();
    await Promise.race([app.close(), new Promise((resolve) => setTimeout(resolve, PATIENCE).unref())]);
    await close();
    process.exit(status);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal, 0));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught');
    stop('uncaught error', 1);
  });

  try {
    const url = await app.listen({ host: config.HOST, port: config.PORT });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`Conversation Reports ${version} listens on ${url}, ready after ${seconds} s\n`);
    await bootstrap(db, config, url);
  } catch (error) {
    await close();
    throw error;
  }
}

/** On a database without keys: makes the first one, and prints it unless it was given. */
async function bootstrap(db: Database, config: Config, url: string): Promise<void> {
  if ((await listKeys(db)).length > 0) return;
  const [key_id, secret] = config.BOOTSTRAP_KEY?.split(':') ?? [];
  const account_id = config.BOOTSTRAP_ACCOUNT ?? randomUUID();
  const made = await createKey(db, {
    account_id,
    name: 'first key',
    permissions: ['admin'],
    team_ids: null,
    bot_ids: null,
    ...(key_id === undefined || secret === undefined ? {} : { key_id, secret }),
  });
  if (secret !== undefined) return;
  process.stdout.write(`
Account  ${account_id}
Key      ${made.key_id}:${made.secret}   (admin; shown only now)

Try it:  curl -u '${made.key_id}:${made.secret}' -H 'Content-Type: application/json' -d '{"events": []}' ${url}/v1/events

`);
}
