import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import t from 'tap';
import { ask, send, world } from './harness.js';

t.test('the page needs no key, and lets nothing from elsewhere in', async (t) => {
  const app = await (await world(t)).app();
  const page = await ask(app, null, { url: '/graphiql' });
  t.equal(page.status, 200);
  t.match(page.headers['content-type'], 'text/html');
  const policy = String(page.headers['content-security-policy']);
  t.match(policy, "default-src 'none'");
  t.notMatch(policy, /unsafe|\*|https?:/);
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file as string);
  t.equal(files.length, 7);
  for (const file of files.filter((name) => name !== 'data:,')) {
    t.ok(file.startsWith('/graphiql/'), `${file} is our own`);
    t.equal((await ask(app, null, { url: file })).status, 200, file);
  }
  t.equal((await ask(app, null, { url: '/graphiql/..%2f..%2fpackage.json' })).status, 404);
});

const executablePath = '/usr/bin/chromium';
const skip = existsSync(executablePath) ? false : 'no Chromium here';

t.test('a person asks a query in a browser', { skip }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, [
    {
      id: '1',
      type: 'message',
      sender: 'user',
      time: '2024-01-08T10:00:00Z',
      conversation_id: 'c',
      conversation: { channel: 'telegram' },
    },
  ]);
  const url = await app.listen({ port: 0 });
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const told: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => told.push(message.text()));
  page.on('pageerror', (error) => told.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${url}/graphiql`);
  await page.fill('#key', Buffer.from(key.slice(6), 'base64').toString());
  await page.click('button[type=submit]');
  await page.click('.graphiql-execute-button');
  await page.getByText('telegram').waitFor({ timeout: 20_000 });
  t.strictSame(told, [], 'no error, no breach of the policy');
  t.strictSame(
    asked.filter((address) => !address.startsWith(url)),
    [],
    'no other host is asked',
  );

  await page.setViewportSize({ width: 390, height: 844 });
  const boxOf = async (part: string) =>
    (await page.locator(part).boundingBox()) ?? { x: -1, y: -1, width: 0, height: 0 };
  const [query, answer] = [await boxOf('.graphiql-query-editor'), await boxOf('.graphiql-response')];
  t.ok(query.width > 340 && answer.width > 340, `on a phone both are readable: ${query.width}, ${answer.width}`);
  t.ok(answer.y >= query.y + query.height, 'the answer is below the query');
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  const book = await boxOf('.graphiql-plugin');
  t.ok(book.width > 340 && book.x >= 0, `the documentation takes the width of the screen: ${book.width}`);
  t.ok(await page.evaluate('document.documentElement.scrollWidth <= 390'), 'nothing is wider than the screen');
});
