import { setTimeout as delay } from 'node:timers/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { october, settled, signIn, stage } from './dashboard/stage.js';
import { ask, world } from './harness.js';
import { noBrowser, screens } from './tools/browser.js';
import { isFull } from './tools/form.js';

/** The dashboard on each screen and in each scheme, where there is nothing to show, and its files. */

t.test('everybody can use it: axe finds no fault', { skip: noBrowser }, async (t) => {
  const s = await stage(t);
  const pages = ['overview', 'agents', 'intents', 'conversations', 'flows', 'conversation', 'access'];
  const extra: Record<string, string> = { flows: '&bot=care&version=v2', conversation: '&id=c-1400' };
  for (const [screen, options] of Object.entries(screens)) {
    for (const colorScheme of ['light', 'dark']) {
      // The phone and the dark scheme are a pair of the long form; all four, which take half a minute each, are asked for.
      const isUsual = screen === 'desktop' && colorScheme === 'light';
      const isOther = screen !== 'desktop' && colorScheme === 'dark';
      if (!isUsual && !(isOther && isFull) && !process.env.ALL_SCREENS) continue;
      const { page, said } = await s.open({ ...options, colorScheme });
      await page.goto(s.origin);
      await t.test(`sign-in, ${screen}, ${colorScheme}`, (t) => check(t, page));
      await signIn(page, s.typed);
      for (const view of pages) {
        await page.goto(`${s.origin}/#/${view}?zone=UTC&${october}${extra[view] ?? ''}`);
        await settled(page);
        await t.test(`${view}, ${screen}, ${colorScheme}`, (t) => check(t, page));
        t.equal(
          await page.evaluate('document.documentElement.scrollWidth > innerWidth'),
          false,
          `${view} is no wider than the ${screen}`,
        );
      }
      t.strictSame(said, []);
      await page.context().close();
    }
  }
});

async function check(t: Test, page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  t.strictSame(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`),
    [],
  );
}

t.test('a key is offered what it may do, and no more', { skip: noBrowser }, async (t) => {
  const s = await stage(t, 10);
  const typedOf = async (options: object) => {
    const key = await s.w.key(options);
    return Buffer.from(key.slice('Basic '.length), 'base64').toString();
  };
  const { page, said } = await s.open();
  await page.goto(`${s.origin}/#/access`);
  await signIn(page, await typedOf({ permissions: ['write'] }));
  await page.getByText('This key may only send events').waitFor();
  await signIn(page, await typedOf({ permissions: ['read'], bot_ids: ['shop'] }));
  await page.getByRole('heading', { name: 'CSV links' }).waitFor();
  await settled(page);
  t.equal(await page.getByRole('heading', { name: 'Keys' }).count(), 0, 'only an admin makes keys');
  await page.getByRole('link', { name: 'Overview' }).click();
  await settled(page);
  t.strictSame(await page.getByRole('combobox', { name: 'Bot', exact: true }).locator('option').allTextContents(), [
    'All bots',
    'shop',
  ]);
  t.strictSame(said, [], 'nothing was asked that is refused');

  await page.goto(`${s.origin}/#/overview?zone=Mars%2FOlympus`);
  await page.getByRole('alert').first().getByText('must be an IANA time zone').waitFor();
});

t.test('what nobody waits for any more is cancelled', { skip: noBrowser }, async (t) => {
  const s = await stage(t, 10);
  const { page } = await s.open();
  await page.goto(`${s.origin}/#/overview?zone=UTC`);
  await signIn(page, s.typed);
  await settled(page);
  const gone: string[] = [];
  page.on('requestfailed', (request) => gone.push(`${request.postData()} ${request.failure()?.errorText}`));
  await page.route('**/v1/query', async (route) => {
    await delay(500);
    await route.continue().catch(() => {}); // cancelled meanwhile
  });
  await page.getByLabel('Range').selectOption('90d');
  await page.getByLabel('Range').selectOption('7d');
  await settled(page);
  t.equal(gone.length, 7, 'one a panel, and the cards');
  t.ok(gone.every((one) => one.includes('now-90d/d') && one.includes('ERR_ABORTED')));
});

t.test('where there is nothing, it says what to do', { skip: noBrowser }, async (t) => {
  const s = await stage(t, 0);
  const { page } = await s.open();
  await page.goto(s.origin);
  await signIn(page, s.typed);
  await page.getByRole('heading', { name: 'This account has no conversations yet' }).waitFor();
  const command = String(await page.locator('pre').textContent());
  const { body: me } = await ask(s.app, s.key, { url: '/v1/me' });
  t.match(command, me.account_id);
  const payload = JSON.parse(/-d '(.*)'$/s.exec(command)?.[1] ?? '');
  t.equal((await ask(s.app, s.key, { method: 'POST', url: '/v1/events', payload })).body.accepted, 1, 'it works');

  await page.goto(`${s.origin}/#/overview?zone=UTC&range=custom&start=2020-01-01&end=2020-01-02`);
  await page.getByRole('link', { name: 'Show its month' }).click();
  await page.getByRole('link', { name: 'Conversations: the conversations behind 1', exact: true }).waitFor();

  await s.app.close();
  await page.getByRole('link', { name: 'Agents' }).click();
  await page.getByRole('alert').getByText('The service does not answer').waitFor();
  t.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
});

t.test('the page needs no key; its files may be kept, and come compressed', async (t) => {
  const app = await (await world(t)).app();
  const page = await ask(app, null, { url: '/' });
  t.equal(page.status, 200);
  t.equal(page.headers['cache-control'], 'no-cache');
  const policy = String(page.headers['content-security-policy']);
  t.match(policy, "default-src 'none'");
  t.notMatch(policy, /unsafe|\*|https?:/);
  const files = [...page.text.matchAll(/(?:src|href)="(dashboard\/[^"]+)"/g)].map(([, file]) => file);
  t.equal(files.length, 2);
  let bytes = page.text.length;
  for (const file of files) {
    const answer = await app.inject({ url: `/${file}`, headers: { 'accept-encoding': 'br' } });
    t.equal(answer.statusCode, 200);
    t.equal(answer.headers['content-encoding'], 'br');
    t.match(answer.headers['cache-control'], /immutable/);
    bytes += answer.rawPayload.length;
  }
  t.ok(bytes < 150_000, `${bytes} bytes over the wire`);
  t.equal((await ask(app, null, { url: '/?key=x' })).status, 400, 'nothing is taken from a query');
});
