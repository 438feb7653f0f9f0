import { Command, InvalidArgumentError } from 'commander';
import { faults } from './faults.js';
import { faultsOf, report } from './report.js';
import { soak } from './soak.js';

/** `npm run soak`: senders and readers while faults strike. Exits with 1 if anything is missing, double, wrong, dead or lost. */
const positive = (text: string) => {
  if (Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('a positive number');
};
const kinds = (text: string) => {
  const unknown = text.split(',').find((kind) => !(kind in faults));
  if (unknown === undefined) return text.split(',');
  throw new InvalidArgumentError(`"${unknown}" is none of ${Object.keys(faults).join(', ')}`);
};
const options = new Command('soak')
  .description('senders and readers on two services and a database, while faults strike; then everything is counted')
  .option('--minutes <n>', 'how long', positive, 20)
  .option('--fault-every <seconds>', 'seconds from one fault to the next', positive, 20)
  .option('--faults <kinds>', 'only these kinds, separated by commas', kinds)
  .option('--seed <n>', 'of what is sent and asked, and of the order of faults', Number, Date.now() % 1_000_000)
  .parse()
  .opts<{ minutes: number; faultEvery: number; faults?: string[]; seed: number }>();

const { minutes, faultEvery: every, seed } = options;
const tell = (what: string) => void process.stderr.write(`${new Date().toISOString()} ${what}\n`);
tell(`seed ${seed}`);
const soaked = await soak({ seed, minutes, every, tell, ...(options.faults && { kinds: options.faults }) });
process.stdout.write(`${report(soaked)}\n`);
if (faultsOf(soaked).some(([, count]) => count > 0)) process.exitCode = 1;
