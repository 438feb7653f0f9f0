import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Test } from 'tap';
import { madeYear } from '../../src/demo/year.js';
import { send, type World, world } from '../harness.js';
import { openBrowser, screens } from '../tools/browser.js';

/** The made year of the tests ends at this midnight. */
const until = Date.UTC(2026, 10, 26);
/** Its last thirty days, for the API and in an address. */
export const range = { start_time: '2026-10-27', end_time: '2026-11-26' };
export const october = 'range=custom&start=2026-10-27&end=2026-11-26';

export interface Stage {
  w: World;
  app: FastifyInstance;
  key: string;
  /** The key as people type it. */
  typed: string;
  origin: string;
  browser: Browser;
  /** A page of a new tab in a new browser profile, which fails the test for what must not happen. */
  open(options?: object): Promise<{ page: Page; context: BrowserContext; said: string[]; sent: string[] }>;
}

/** A service with a made year, or with nothing, and a browser. */
export async function stage(t: Test, days = 70): Promise<Stage> {
  const w = await world(t);
  const [app, key] = [await w.app({ now: until }), await w.key()];
  const events = days === 0 ? [] : [...madeYear({ seed: 1, until, conversations: 1_500, days })].flat();
  for (let n = 0; n < events.length; n += 5_000) await send(app, key, events.slice(n, n + 5_000));
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const typed = Buffer.from(key.slice('Basic '.length), 'base64').toString();
  return {
    ...{ w, app, key, typed, origin, browser },
    async open(options = screens.desktop) {
      const context = await browser.newContext({ acceptDownloads: true, timezoneId: 'Europe/Helsinki', ...options });
      const said: string[] = [];
      const sent: string[] = [];
      const watch = (page: Page) => {
        page.on('console', (message) => said.push(message.text()));
        page.on('pageerror', (error) => said.push(String(error)));
      };
      context.on('page', watch);
      context.on('request', (request) => sent.push(request.url()));
      await context.addInitScript(
        `addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective))`,
      );
      context.setDefaultTimeout(20_000);
      return { page: await context.newPage(), context, said, sent };
    },
  };
}

/** Types a key. */
export async function signIn(page: Page, typed: string): Promise<void> {
  await page.getByLabel('Your key').fill(typed);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Waits until nothing loads any more. */
export const settled = async (page: Page) => {
  await page.locator('main .panel, main .cards').first().waitFor();
  await page.waitForSelector('[aria-busy=true]', { state: 'detached' });
};

/** Whole numbers as the dashboard shows them. */
export const whole = new Intl.NumberFormat('en');

/** Whether a text holds the secret of a key. */
export const secretIn = (typed: string) => (text: string) => text.includes(typed.split(':')[1] as string);

/** Takes something away by the menu of a panel. */
export async function taken(page: Page, panel: ReturnType<Page['locator']>, what: string) {
  await panel.getByLabel(/take away/).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    panel.getByRole('button', { name: what }).click(),
  ]);
  return { name: download.suggestedFilename(), body: readFileSync(await download.path()) };
}
