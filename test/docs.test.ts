import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import t from 'tap';
import { parse } from 'yaml';
import { readContract } from '../src/contract.js';
import { ACCOUNT, send, world } from './harness.js';

const CHROMIUM = '/usr/bin/chromium';

/** The browser is to talk to nobody but the page that it is shown. */
const quiet = [
  ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

t.test('the contract is served as it is written', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const { yaml, document } = readContract();
  const [asYaml, asJson] = [await app.inject('/openapi.yaml'), await app.inject('/openapi.json')];
  t.equal(asYaml.body, yaml);
  t.strictSame(parse(asYaml.body), asJson.json());
  t.strictSame(asJson.json(), document);
  t.match(asYaml.headers, { 'content-type': 'application/yaml; charset=utf-8' });
});

t.test('every answer tells browsers what it may do', async (t) => {
  const w = await world(t);
  const app = await w.app();
  for (const url of [
    '/healthz',
    '/nothing',
    '/v1/bots/%ZZ/conversations',
    '/v1/bots/b/conversations',
    '/openapi.json',
  ]) {
    const { headers } = await app.inject(url);
    t.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", url);
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }, url);
    t.notOk(headers['strict-transport-security'], 'TLS is ended elsewhere');
  }
  const page = await app.inject('/docs');
  t.notMatch(String(page.headers['content-security-policy']), /unsafe|http|\*/, 'nothing inline, no other host');
});

t.test(
  'Swagger UI: a key is entered and an operation tried out',
  { skip: !existsSync(CHROMIUM) && `no ${CHROMIUM}` },
  async (t) => {
    const w = await world(t);
    const [app, key] = [await w.app(), await w.key()];
    const event = { type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id: 'c', id: '1' };
    await send(app, key, [{ ...event, conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' } }]);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const [id = '', secret = ''] = Buffer.from(key.slice('Basic '.length), 'base64').toString().split(':');

    const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: quiet });
    t.teardown(() => browser.close());
    const page: Page = await browser.newPage();
    const complaints: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => {
      if (/error|warning/.test(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
    page.on('request', (request) => asked.push(request.url()));

    await page.goto(`${origin}/docs`);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialog = page.locator('.auth-container').filter({ hasText: 'basic' });
    await dialog.getByLabel('Username').fill(id);
    await dialog.getByLabel('Password').fill(secret);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await page.getByRole('button', { name: 'Close', exact: true }).first().click();

    const operation = page.locator('#operations-series-Analytics_GetConversations');
    await operation.locator('.opblock-summary').click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = operation.locator('.live-responses-table .response');
    t.equal(await answer.locator('.response-col_status').first().textContent(), '200');
    t.match(String(await answer.locator('.response-col_description').first().textContent()), /"series_labels"/);

    const report = page.locator('#operations-tag-reporting ~ * .opblock-post, [id^=operations-reporting-]').first();
    await report.locator('.opblock-summary').click();
    await report.getByRole('button', { name: 'Execute' }).click();
    const answered = report.locator('.live-responses-table .response');
    t.equal(
      await answered.locator('.response-col_status').first().textContent(),
      '200',
      'the reporting example is of the account of the key',
    );
    t.ok(
      asked.some((url) => url.includes(`/orgs/${ACCOUNT}/chat_sessions`)),
      'its own account is asked for',
    );
    t.strictSame(complaints, [], 'the console has nothing to say');
    t.strictSame(
      asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:')),
      [],
      'no other host is asked',
    );
    t.ok(
      asked.some((url) => url.startsWith(`${origin}/v1/bots/shop/conversations?version=LIVE`)),
      'the service is asked',
    );
  },
);
