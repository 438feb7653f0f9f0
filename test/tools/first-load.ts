import type { Browser } from 'playwright-core';
import { screens } from './browser.js';

/** What the first visit of a signed-in tab costs. */
interface FirstLoad {
  /** Bytes over the wire, with headers, until nothing loads any more; of the page's own files alone, and of all. */
  page: number;
  all: number;
  requests: number;
  /** Milliseconds from the start of the navigation until the first chart is drawn. */
  firstChart: number;
}

/** Opens the dashboard in a fresh profile, with nothing in its cache. */
export async function firstLoad(browser: Browser, address: string, key: string): Promise<FirstLoad> {
  const context = await browser.newContext(screens.desktop);
  await context.addInitScript(`sessionStorage.setItem('conversation-reports-key', '${key}')`);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const paths = new Map<string, string>();
  const found = { page: 0, all: 0, requests: 0 };
  session.on('Network.requestWillBeSent', ({ requestId, request }) =>
    paths.set(requestId, new URL(request.url).pathname),
  );
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    found.all += encodedDataLength;
    found.requests++;
    if (!paths.get(requestId)?.startsWith('/v1/')) found.page += encodedDataLength;
  });
  await session.send('Network.enable');
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForSelector('.lines canvas');
  const firstChart = (await page.evaluate('performance.now()')) as number;
  await page.waitForSelector('[aria-busy=true]', { state: 'detached' });
  await page.waitForLoadState('networkidle');
  await context.close();
  return { ...found, firstChart: Math.round(firstChart) };
}
