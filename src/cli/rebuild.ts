import { Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../config.js';
import { UUID } from '../queries/accounts.js';
import { rebuild } from '../queries/ingest/rebuild.js';
import { openDatabase } from './open.js';

const number = (value: number) => value.toLocaleString('en');

/** Milliseconds between two lines of progress. */
const EVERY = 2_000;

/** `rebuild`: makes every derived row anew from the events, and says how many differed. */
export const rebuildCommand = () =>
  new Command('rebuild')
    .description(
      'make every derived row anew from the stored events, beside a running service, and say how many differed',
    )
    .option('--account <uuid>', 'only this account; all when left out', account)
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
