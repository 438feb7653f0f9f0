import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../../config.js';
import { runService } from '../serve.js';
import { openFolder } from './folder.js';
import { load } from './load.js';

/** As many as fit into a minute on two cores. */
const USUAL = 30_000;
const SEED = 1;
const DAY = 86_400_000;
const ACCOUNT = '5e0de300-0000-4000-8000-000000000001';

interface Options {
  dir: string;
  conversations: number;
}

/** `demo` runs the service on a made year of conversations, on data of its own. */
export const demoCommand = () =>
  new Command('demo')
    .summary('run the service on a made year of conversations')
    .description(
      'Makes a year of conversations of an invented shop, ending yesterday, sends them to a service of its own and keeps that running.\n' +
        'The data is in a folder of its own; a later start uses it again, or renews it on another day.\n' +
        'HOST, PORT and LOG_LEVEL count as they do for serve; DATABASE_URL and DATA_DIR do not.',
    )
    .option('--dir <folder>', 'folder of the data', './.demo')
    .option('--conversations <n>', 'about how many', countOf, USUAL)
    .action(demo);

async function demo({ dir, conversations }: Options): Promise<void> {
  const { HOST, PORT, LOG_LEVEL } = process.env;
  const until = Math.floor(Date.now() / DAY) * DAY;
  const folder = openFolder(dir, { seed: SEED, until, conversations });
  const config = readConfig({
    HOST,
    PORT,
    LOG_LEVEL: LOG_LEVEL || 'warn', // a line for each request would tear the progress bar
    DATA_DIR: join(dir, 'data'),
    BOOTSTRAP_ACCOUNT: ACCOUNT,
    BOOTSTRAP_KEY: folder.key,
  });
  const { url } = await runService(config);
  if (!folder.isComplete) {
    process.stdout.write(`A year of conversations is made in ${resolve(dir)}\n`);
    const sent = await load(url, folder.key, { seed: SEED, until, conversations }, process.stderr);
    folder.complete();
    const [made, events] = [sent.conversations, sent.events].map((count) => count.toLocaleString('en'));
    process.stdout.write(`${made} conversations, ${events} events, in ${sent.seconds.toFixed(0)} s\n`);
  }
  process.stdout.write(`
Dashboard  ${url}/
Key        ${folder.key}

Conversation Reports listens on ${url}. Ctrl-C stops it.
`);
}

function countOf(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('A number from 1 to 999999.');
  return count;
}
