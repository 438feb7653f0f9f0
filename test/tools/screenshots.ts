import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../src/root.js';
import { launch, main, portOf } from '../service.js';
import { openBrowser, screens } from './browser.js';
import { firstLoad } from './first-load.js';

/*
 * Measures the first load of the dashboard on the demo's year, then takes pictures of it, into docs/images or the folder that is named. With `--all`, of every
 * view on both screens, light and dark, to look at; without, those that the documentation shows.
 */

const zone = 'zone=UTC';
const views: Record<string, string> = {
  overview: `#/overview?${zone}`,
  year: `#/overview?${zone}&range=year&group=channel`,
  agents: `#/agents?${zone}`,
  intents: `#/intents?${zone}`,
  flows: `#/flows?${zone}&bot=care&version=v2&range=90d`,
  conversations: `#/conversations?${zone}&where=${encodeURIComponent('is_contained=false')}`,
  conversation: '',
  access: '#/access',
};

type Screen = keyof typeof screens;
type Scheme = 'light' | 'dark';

const documented: [view: string, screen: Screen, scheme: Scheme][] = [
  ['overview', 'desktop', 'light'],
  ['year', 'desktop', 'dark'],
  ['flows', 'desktop', 'light'],
  ['conversation', 'desktop', 'light'],
  ['overview', 'phone', 'light'],
  ['overview', 'phone', 'dark'],
];

const everything = Object.keys(views).flatMap((view) =>
  (['desktop', 'phone'] as const).flatMap((screen) =>
    (['light', 'dark'] as const).map((scheme): (typeof documented)[number] => [view, screen, scheme]),
  ),
);

const wanted = process.argv.includes('--all') ? everything : documented;
const folder = process.argv.slice(2).find((word) => !word.startsWith('--')) ?? join(root, 'docs/images');
mkdirSync(folder, { recursive: true });

const service = launch(process.execPath, [...main, 'demo'], root, { PORT: '0' });
const browser = await openBrowser();
try {
  const origin = `http://127.0.0.1:${await portOf(service)}`;
  const key = /^Key +(\S+)$/m.exec(service.said())?.[1] ?? '';
  views.conversation = `#/conversation?${zone}&id=${await talkative(origin, key)}`;
  for (let visit = 0; visit < 3; visit++) {
    const { page, all, requests, firstChart } = await firstLoad(browser, `${origin}/${views.overview}`, key);
    const [files, bytes] = [page, all].map((count) => (count / 1_000).toFixed(1));
    process.stdout.write(
      `first load: ${files} kB of files, ${bytes} kB in ${requests} requests; first chart after ${firstChart} ms\n`,
    );
  }
  for (const [view, screen, colorScheme] of wanted) {
    const context = await browser.newContext({ ...screens[screen], colorScheme });
    await context.addInitScript(`sessionStorage.setItem('conversation-reports-key', '${key}')`);
    const page = await context.newPage();
    await page.goto(`${origin}/${views[view]}`);
    await page.waitForSelector('.panel');
    await page.waitForSelector('[aria-busy=true]', { state: 'detached' });
    const path = join(folder, `${view}-${screen}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: process.argv.includes('--all') });
    process.stdout.write(`${path} ${Math.round(statSync(path).size / 1024)} kB\n`);
    await context.close();
  }
} finally {
  await browser.close();
  service.child.kill('SIGTERM');
  await service.ended;
}

/** A conversation with notes, an agent and a rating, so that its picture shows them. */
async function talkative(origin: string, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` };
  const ask = async <Answer>(path: string) => (await (await fetch(origin + path, { headers })).json()) as Answer;
  const filter = JSON.stringify({ type: 'bound', dimension: 'rating', lower: '1' });
  const { conversations } = await ask<{ conversations: { conversation_id: string }[] }>(
    `/v1/conversations?start_time=now-30d/d&limit=200&team_id=support&filter=${encodeURIComponent(filter)}`,
  );
  for (const { conversation_id } of conversations) {
    const { notes, steps } = await ask<{ notes: object[]; steps: object[] }>(`/v1/conversations/${conversation_id}`);
    if (notes.length > 0 && steps.length > 4) return conversation_id;
  }
  throw new Error('no conversation has a note and steps');
}
