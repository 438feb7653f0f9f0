import { startEmbedded } from '../src/database/embedded.js';

/** A service in a process of its own: holds the folder named by its argument until it is killed, or ends on SIGTERM. */
const { pid } = await startEmbedded({ dir: process.argv[2] as string, settings: { fsync: 'off' } });
process.stdout.write(`${pid}\n`);
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1000);
