import { Command } from 'commander';
import { readConfig } from '../config.js';
import { restore } from '../database/backup/restore.js';
import { connect } from '../database/connect.js';
import { migrate } from '../database/migrate.js';
import { refoldPending } from '../queries/ingest/rebuild.js';
import { serverOf } from './open.js';
import { progressLine } from './progress-line.js';
import { unreachable } from './start-failures.js';

/** `restore FILE` fills an empty database from a backup. */
export const restoreCommand = () =>
  new Command('restore')
    .summary('fill an empty database from a backup')
    .description(
      'Makes the tables and rows of a backup in an empty database: a new DATA_DIR, or a new database of DATABASE_URL. All of it or\n' +
        'nothing is restored. A backup of an older version is brought up to date.',
    )
    .argument('<file>', 'a file that "backup" wrote')
    .action(restoreFile);

async function restoreFile(file: string): Promise<void> {
  const started = performance.now();
  const config = readConfig(process.env);
  const server = await serverOf(config, 'tool', () => {});
  const sql = connect(server.target, { max: 1, statementTimeout: 0 });
  try {
    const { head, rows } = await restore(sql, file, progressLine('restore'));
    const applied = (await migrate(sql)).filter((name) => name !== 'functions');
    await refoldPending(sql);
    await sql`analyze`;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const upgraded = applied.length === 0 ? '' : `, brought up to date by ${applied.join(', ')}`;
    process.stdout.write(
      `restored ${rows.toLocaleString('en')} rows as of ${head.at}, of version ${head.version}${upgraded}, in ${seconds} s\n`,
    );
  } catch (error) {
    throw config.DATABASE_URL === undefined ? error : unreachable(error, config.DATABASE_URL);
  } finally {
    await sql.end({ timeout: 5 });
    await server.stop();
  }
}
