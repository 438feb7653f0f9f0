import { Command } from 'commander';
import { readConfig } from '../config.js';
import { openDatabase } from './open.js';

/** `migrate` brings the database to the current schema and prints what was applied. `serve` does so at its start. */
export const migrateCommand = () =>
  new Command('migrate')
    .description('bring the database to the current schema (serve does so at its start)')
    .action(async () => {
      const opened = await openDatabase(readConfig(process.env), 'tool');
      await opened.close();
      const { applied } = opened;
      process.stdout.write(applied.length === 0 ? 'the schema is current\n' : `applied ${applied.join(', ')}\n`);
    });
