import { Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../config.js';
import { UUID } from '../queries/accounts.js';
import { rebuild } from '../queries/ingest/rebuild.js';
import { openDatabase } from './open.js';

const number = (value: number) => value.toLocaleString('en');

/** Interval between two progress lines in milliseconds. */
const EVERY = 2_000;

/** `rebuild` rebuilds every derived row from the events and prints how many differed. */
export const rebuildCommand = () =>
  new Command('rebuild')
    .description(
      'rebuild every derived row from the stored events, also while the service runs, and print how many differed',
    )
    .option('--account <uuid>', 'only this account; default: all', account)
    .action(async (options: { account?: string }) => {
      const opened = await openDatabase(readConfig(process.env), 'tool');
      const started = performance.now();
      let told = started;
      try {
        const { conversations, differed } = await rebuild(opened.db, options.account ?? null, (soFar) => {
          const now = performance.now();
          if (now - told < EVERY) return;
          told = now;
          const rate = Math.round((1000 * soFar.conversations) / (now - started));
          process.stderr.write(`${number(soFar.conversations)} conversations, ${number(rate)} a second\n`);
        });
        process.stdout.write(`rebuilt ${number(conversations)} conversations; ${number(differed)} differed\n`);
      } finally {
        await opened.close();
      }
    });

function account(text: string): string {
  if (UUID.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('an account is a UUID, as `keys list` shows it');
}
