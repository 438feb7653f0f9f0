import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { type Block, blocksOf, pages } from './blocks.js';
import { ACCOUNT } from './harness.js';
import { launch, main, portOf } from './service.js';
import { commandsIn } from './tools/commands.js';

t.test('docs/operators.md: a running service is backed up, and restored in another folder, as it says', async (t) => {
  const blocks = pages.flatMap(blocksOf).filter(({ kind }) => kind === 'sh folder');
  t.equal(blocks.length, 2, 'all of this kind are run here');
  const [backup, restore] = blocks as [Block, Block];
  const cwd = mkdtempSync(join(tmpdir(), 'reports-backup-'));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  const bin = commandsIn(cwd);
  const key = 'first:a-secret-that-is-long-enough';
  const env = {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    BOOTSTRAP_ACCOUNT: ACCOUNT,
    BOOTSTRAP_KEY: key,
    PORT: '0',
  };
  const whileRunning = async (ask: (url: string) => Promise<unknown>, more: Record<string, string> = {}) => {
    const service = launch(process.execPath, [...main, 'serve'], cwd, { ...env, ...more });
    t.teardown(() => service.child.kill('SIGKILL'));
    const found = await ask(`http://127.0.0.1:${await portOf(service)}/v1/events`);
    service.child.kill('SIGTERM');
    t.equal(await service.ended, 0, service.said());
    return found;
  };
  const sending = (...ids: string[]) => {
    const event = { type: 'conversation.updated', time: '2024-01-08T10:00:00Z', conversation_id: 'kept' };
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ events: ids.map((id) => ({ ...event, id })) });
    return (url: string) => fetch(url, { method: 'POST', headers, body }).then((answer) => answer.json());
  };
  const run = (block: Block) => spawnSync('sh', ['-e'], { cwd, env, input: block.text, encoding: 'utf8' });

  const saved = await whileRunning(async (url) => {
    t.strictSame(await sending('1')(url), { accepted: 1, duplicates: 0 });
    const run1 = run(backup);
    t.strictSame(await sending('2')(url), { accepted: 1, duplicates: 0 });
    return run1;
  });
  t.match(
    saved,
    { status: 0, stdout: /^reports\.backup: \d+ rows of \d+ tables/ },
    (saved as { stderr: string }).stderr,
  );
  const restored = run(restore);
  t.match(restored, { status: 0, stdout: /^restored \d+ rows/ }, restored.stderr);
  t.strictSame(
    await whileRunning(sending('1', '2'), { DATA_DIR: './restored' }),
    { accepted: 1, duplicates: 1 },
    'what came after the backup is not in it',
  );
});
