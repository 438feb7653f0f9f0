import { Command } from 'commander';
import { readConfig } from '../config.js';
import { connect } from '../database/connect.js';
import { type Distributed, distribute } from '../database/distribute.js';
import { local } from '../database/placement.js';
import { openDatabase } from './open.js';

/** `distribute` spreads the tables of a database with Citus over its nodes, and says what it left where it is. */
export const distributeCommand = () =>
  new Command('distribute')
    .description('spread the tables over the nodes of a PostgreSQL with the Citus extension; may be run again')
    .action(async () => {
      const config = readConfig(process.env);
      if (config.DATABASE_URL === undefined) {
        throw new Error(
          'the embedded PostgreSQL is a single node and cannot be distributed: set DATABASE_URL to the coordinator of a ' +
            'PostgreSQL with Citus; docs/scaling.md has the steps',
        );
      }
      await (await openDatabase(config, 'tool')).close(); // the current schema
      const sql = connect(config.DATABASE_URL, { max: 1, statementTimeout: 0 }); // rows that are there may take long
      try {
        process.stdout.write(told(await distribute(sql)));
      } finally {
        await sql.end({ timeout: 5 });
      }
    });

function told({ nodes, tables, functions }: Distributed): string {
  const listed = (what: string, names: string[]) =>
    names.length === 0 ? `${what}: nothing to do, all were distributed` : `${what}: ${names.join(', ')}`;
  const width = Math.max(...Object.keys(local).map((name) => name.length));
  return [
    listed(`distributed over ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`, tables),
    listed('functions on every node', functions),
    'not distributed, on the coordinator alone:',
    ...Object.entries(local).map(([name, why]) => `  ${name.padEnd(width)}  ${why}`),
    '',
  ].join('\n');
}
