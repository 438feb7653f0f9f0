import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../config.js';
import { dump } from '../database/backup/dump.js';
import { connect } from '../database/connect.js';
import { serverOf } from './open.js';
import { mebibytes, progressLine } from './progress-line.js';
import { unreachable } from './start-failures.js';

/** `backup FILE` writes all that the database holds to a file, also while the service runs. */
export const backupCommand = () =>
  new Command('backup')
    .summary('write all that the database holds to a file, also while the service runs')
    .description(
      'Writes every row of the database, as of one moment, to a compressed file. Services go on meanwhile. The file has its\n' +
        'name only when it is complete. It holds texts of people, and hashes of keys: keep it as you keep the database.',
    )
    .argument('<file>', 'a file that is not there yet')
    .action(backup);

async function backup(file: string): Promise<void> {
  const started = performance.now();
  if (existsSync(file)) throw taken(file);
  const config = readConfig(process.env);
  // Beside the file, so that it can get its name without being copied.
  const partial = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString('hex')}.partial`);
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      rmSync(partial, { force: true });
      process.exit(status);
    });
  }
  const server = await serverOf(config, 'reader', () => {});
  const sql = connect(server.target, { max: 1, statementTimeout: 0 });
  try {
    const out = createWriteStream(partial, { flags: 'wx', mode: 0o600 });
    const { rows, tables, at } = await dump(sql, out, { tell: progressLine('backup') });
    await keep(partial, file);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { size } = await stat(file);
    process.stdout.write(
      `${file}: ${rows.toLocaleString('en')} rows of ${tables} tables as of ${at}, ${mebibytes(size)}, in ${seconds} s\n`,
    );
  } catch (error) {
    rmSync(partial, { force: true });
    throw explained(error, file, config.DATABASE_URL);
  } finally {
    await sql.end({ timeout: 5 });
    await server.stop();
  }
}

const taken = (file: string) => new Error(`${file} is there already, and no file is overwritten: choose another name`);

/** Gives a complete file its name, unless another one has got it meanwhile. */
async function keep(partial: string, file: string): Promise<void> {
  const written = await open(partial, 'r');
  await written.sync().finally(() => written.close());
  try {
    await link(partial, file);
    await unlink(partial);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(file);
    if (existsSync(file)) throw taken(file);
    await rename(partial, file); // a file system without links
  }
  const folder = await open(dirname(file), 'r');
  await folder
    .sync()
    .catch(() => {}) // not every file system can
    .finally(() => folder.close());
}

/** The error with a message for the operator. */
function explained(error: unknown, file: string, url: string | undefined): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const says: Record<string, string> = {
    ENOSPC: 'there is no space left on its disk',
    ENOENT: 'its folder does not exist',
    EACCES: 'this user may not write there',
    EROFS: 'its file system is read-only',
    EDQUOT: 'the quota of this user is used up',
  };
  const said = says[code];
  if (said !== undefined) return new Error(`${file} could not be written: ${said} (${message})`, { cause: error });
  return url === undefined ? error : unreachable(error, url);
}
