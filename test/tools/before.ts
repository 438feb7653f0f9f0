import { start } from './database.js';

await start();
