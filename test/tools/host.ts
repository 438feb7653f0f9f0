import { host } from './database.js';

await host(Number(process.argv[2]));
