import t from 'tap';
import { october, range, secretIn, settled, signIn, stage, taken, whole } from './dashboard/stage.js';
import { ask } from './harness.js';
import { noBrowser } from './tools/browser.js';

/** What people do with the dashboard, in a real browser. */

t.test('from a key to a transcript, and to others by the address', { skip: noBrowser }, async (t) => {
  const s = await stage(t);
  const { page, context, said, sent } = await s.open();
  const query = async (payload: object) =>
    (await ask(s.app, s.key, { method: 'POST', url: '/v1/query', payload: { ...range, ...payload } })).body;

  await page.goto(s.origin);
  await signIn(page, 'nobody:nothing');
  await page.getByText('does not know this key').waitFor();
  said.length = 0; // the browser reports the 401 itself
  await signIn(page, s.typed);
  await settled(page);

  await t.test('a range is picked, and the numbers are those of the API', async (t) => {
    await page.getByLabel('Time zone').fill('UTC');
    await page.getByLabel('Time zone').press('Enter');
    await page.getByLabel('Range').selectOption('custom');
    await page.getByLabel('From', { exact: true }).fill('2026-10-27');
    await page.getByLabel('To', { exact: true }).fill('2026-11-25');
    await settled(page);
    const { rows } = await query({
      dataset: 'conversations',
      measures: ['conversations', 'users', 'handovers', 'containment_rate'],
      compare: 'previous_period',
    });
    const [conversations, before, users, , handovers, , contained] = rows[0];
    const figure = (label: string) => page.getByRole('link', { name: `${label}: the conversations behind` });
    t.equal(await figure('Conversations').textContent(), whole.format(conversations));
    t.equal(await figure('Users').textContent(), whole.format(users));
    t.equal(await figure('Handovers').textContent(), whole.format(handovers));
    t.equal(await figure('Contained').textContent(), `${Math.round(1_000 * contained) / 10}%`);
    t.equal(
      await page.locator('.cards small').first().getAttribute('title'),
      `Before: ${whole.format(before)}`,
      'it is compared with the period before',
    );
    const channels = await query({ dataset: 'conversations', measures: ['conversations'], group_by: ['channel'] });
    const table = page.getByRole('region', { name: 'By channel' });
    for (const [channel, count] of channels.rows) {
      const row = table.getByRole('row').filter({ has: page.getByRole('link', { name: channel, exact: true }) });
      t.match(await row.textContent(), whole.format(count), channel);
    }
  });

  await t.test('a chart is split, walked by keys, read as a table and taken away', async (t) => {
    const chart = page.getByRole('region', { name: 'Conversations over time' });
    await chart.getByLabel('Split by').selectOption('channel');
    await settled(page);
    t.match(await chart.locator('.legend').textContent(), /web.*whatsapp/);
    await chart.getByLabel('Split by').selectOption('');
    await settled(page);
    const lines = chart.getByRole('group', { name: /30 points/ });
    await lines.focus();
    await lines.press('Home');
    const days = await query({ dataset: 'conversations', measures: ['conversations'], bucket: '1d' });
    t.match(await chart.locator('.legend').textContent(), new RegExp(`Oct 27.*Conversations ${days.rows[0][1]}`));

    await lines.press('Enter');
    await settled(page);
    t.match(page.url(), /conversations\?range=custom&start=2026-10-27&end=2026-10-28/, 'Enter shows the day');
    t.equal(await page.locator('.list tbody tr').count(), days.rows[0][1]);
    await page.goBack();
    await settled(page);

    const csv = await taken(page, chart, 'Download CSV');
    t.equal(csv.name, 'conversations-2026-10-27-to-2026-11-26.csv');
    t.match(csv.body.toString(), `2026-10-27T00:00:00Z,${days.rows[0][1]},`);
    const png = await taken(page, chart, 'Download PNG');
    t.equal(png.body.subarray(1, 4).toString(), 'PNG');
    t.ok(png.body.length > 5_000, 'with something on it');

    await chart.getByLabel(/take away/).click();
    await chart.getByRole('button', { name: 'Show the request' }).click();
    const dialog = page.getByRole('dialog');
    const shownBody = JSON.parse(String(await dialog.locator('pre').nth(1).textContent()));
    t.equal((await query(shownBody)).rows.length, 30, 'the request that is shown answers the same');
    t.match(await dialog.locator('pre').nth(2).textContent(), /^curl -u "\$KEY" 'http/);
    t.notMatch(await page.content(), s.typed.split(':')[1] as string, 'the secret is nowhere on the page');
    await page.keyboard.press('Escape');

    for (const title of ['By bot', 'Busiest hours']) {
      const picture = await taken(page, page.getByRole('region', { name: title }), 'Download PNG');
      t.ok(picture.body.length > 5_000, title);
    }
  });

  await t.test('a number leads to its conversations, and one of these to its transcript', async (t) => {
    await page.getByRole('region', { name: 'By channel' }).getByRole('link', { name: 'whatsapp' }).click();
    await settled(page);
    const filter = JSON.stringify({ type: 'selector', dimension: 'channel', value: 'whatsapp' });
    const { body } = await ask(s.app, s.key, {
      url: `/v1/conversations?${new URLSearchParams({ ...range, filter, limit: '200' })}`,
    });
    const rows = page.locator('.list tbody tr');
    t.equal(await rows.count(), 50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await rows.nth(50).waitFor();
    t.equal(await rows.count(), Math.min(100, body.conversations.length));

    const [first] = body.conversations;
    await page.getByLabel('Search').fill(first.conversation_id);
    await rows.nth(49).waitFor({ state: 'detached' });
    await settled(page);
    await rows.first().getByRole('link').click();
    await page.getByRole('heading', { name: `Conversation ${first.conversation_id}` }).waitFor();
    await settled(page);
    const whole = (await ask(s.app, s.key, { url: `/v1/conversations/${first.conversation_id}` })).body;
    t.equal(await page.locator('.transcript .message').count(), whole.messages.length);
    t.equal(await page.locator('.transcript .step').count(), whole.steps.length);
    await page.goBack();
    await rows.first().waitFor();
  });

  await t.test('an address opens the same view in a new tab, which asks for the key', async (t) => {
    await page.goto(`${s.origin}/#/agents?team=support&${october}&zone=UTC`);
    await settled(page);
    const address = page.url();
    t.notMatch(address, s.typed.split(':')[1] as string);
    const other = await context.newPage();
    await other.goto(address);
    await signIn(other, s.typed);
    await settled(other);
    t.equal(other.url(), address);
    t.equal(await other.getByLabel('Team').inputValue(), 'support');
    t.equal(await other.locator('.data').textContent(), await page.locator('.data').textContent());
    await other.close();
  });

  await t.test('a view is kept by name, and forgotten', async (t) => {
    const menu = page.locator('summary', { hasText: 'Views' });
    await menu.click();
    await page.getByLabel('Keep this view as').fill('Support');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    const address = page.url();
    await page.getByRole('link', { name: 'Intents' }).click();
    await settled(page);
    await menu.click();
    await page.getByRole('link', { name: 'Support' }).click();
    await settled(page);
    t.equal(page.url(), address);
    await menu.click();
    await page.getByRole('button', { name: 'Forget Support' }).click();
    t.equal(await page.getByRole('link', { name: 'Support' }).count(), 0);
  });

  await t.test('flows are walked step by step', async (t) => {
    await page.goto(`${s.origin}/#/flows?zone=UTC&${october}`);
    await page.getByRole('button', { name: 'care v2' }).click();
    await settled(page);
    const flow = await ask(s.app, s.key, {
      url: `/v1/bots/care/flows?${new URLSearchParams({ version: 'v2', ...range })}&path=welcome`,
    });
    const [most] = flow.body.nodes;
    const step = page.getByRole('link', { name: new RegExp(`^${most.id.replaceAll('_', ' ')}: `) });
    t.match(await step.first().textContent(), whole.format(most.occurrences));
    await step.first().click();
    await settled(page);
    await page.getByText('in all conversations').waitFor();
    const picture = await taken(page, page.getByRole('region', { name: /^Behind/ }), 'Download PNG');
    t.ok(picture.body.length > 5_000, 'it can be taken away as a picture');
  });

  await t.test('the keyboard reaches an hour of the week', async (t) => {
    await page.goto(`${s.origin}/#/overview?zone=UTC&${october}`);
    await settled(page);
    await page.getByRole('grid').locator('[tabindex="0"]').focus();
    for (const press of ['ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(press);
    await settled(page);
    t.match(decodeURIComponent(page.url()), /where=day_of_week=2&where=hour_of_day=10/);
    const filter = JSON.stringify({
      type: 'and',
      fields: [
        { type: 'selector', dimension: 'day_of_week', value: '2' },
        { type: 'selector', dimension: 'hour_of_day', value: '10' },
      ],
    });
    const { body } = await ask(s.app, s.key, {
      url: `/v1/conversations?${new URLSearchParams({ ...range, filter, limit: '50' })}`,
    });
    t.equal(await page.locator('.list tbody tr').count(), body.conversations.length);
  });

  await t.test('a chart is shared as a link, which is deleted', async (t) => {
    const panel = page.getByRole('region', { name: 'Conversations' });
    await panel.getByLabel(/take away/).click();
    await panel.getByRole('button', { name: 'Share as a CSV link' }).click();
    await page.getByLabel('Name').fill('For the board');
    await page.getByRole('button', { name: 'Make the link' }).click();
    const address = String(await page.getByRole('dialog').locator('pre').textContent());
    const shared = await fetch(address);
    t.equal(shared.status, 200);
    t.match(await shared.text(), /^conversation_id,/);
    await page.getByRole('link', { name: 'Access' }).last().click();
    await settled(page);
    const row = page.getByRole('row').filter({ hasText: 'For the board' });
    await row.getByRole('button', { name: 'Delete' }).click();
    t.equal((await fetch(address)).status, 200, 'it asks once more');
    await row.getByRole('button', { name: 'Really delete' }).click();
    await row.waitFor({ state: 'detached' });
    t.equal((await fetch(address)).status, 404);
  });

  await t.test('a key is made, works, and is revoked', async (t) => {
    await page.getByLabel('Name').fill('sheet');
    await page.getByLabel('Sees').selectOption('shop');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const key = String(await page.locator('.copyable pre').textContent());
    const me = (await ask(s.app, `Bearer ${key}`, { url: '/v1/me' })).body;
    t.match(me, { name: 'sheet', permissions: ['read'], bot_ids: ['shop'], team_ids: null });
    const row = page.getByRole('row').filter({ hasText: 'sheet' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await row.getByRole('button', { name: 'Really revoke' }).click();
    await row.getByText('revoked').waitFor();
  });

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Your key').waitFor();
  t.notOk(
    secretIn(s.typed)(await page.evaluate('JSON.stringify({ ...sessionStorage, ...localStorage })')),
    'the key is gone',
  );
  t.strictSame(said, [], 'the console has nothing to say, and nothing breaks the policy');
  t.strictSame(
    sent.filter((url) => !url.startsWith(`${s.origin}/`) && !/^(data|blob):/.test(url)),
    [],
    'no request leaves the host',
  );
  t.notOk(sent.some(secretIn(s.typed)), 'no address holds the key');
});
