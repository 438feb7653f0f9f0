import { setTimeout as delay } from 'node:timers/promises';
import { createKey } from '../src/auth/keys.js';
import { openPool } from '../src/database/database.js';
import type { Read } from './canonical.js';
import type { Delay } from './delay.js';
import { ACCOUNT, type Service, unasked } from './service.js';

/** Small panels of one key without and beside heavy reports of another. */
export interface MixFigures {
  alone: Share;
  beside: Share;
  /** The heavy reports that were answered meanwhile. */
  reports: number;
}

interface Share {
  panels: number;
  /** Milliseconds. */
  median: number;
  p95: number;
  /** Of the service's event loop. */
  loop: Delay;
}

/** Milliseconds from one panel to the next, whether that is answered or not: a dashboard does not wait. */
const EVERY = 100;
/** Heavy reports at a time. */
const REPORTS = 2;

/** Asks a panel, ten times a second, first alone and then beside heavy reports, which are asked one after the other. */
export async function benchMix(
  service: Service,
  panel: Read,
  heavy: Read[],
  { seconds }: { seconds: number },
): Promise<MixFigures> {
  const other = await keyOf(service);
  await askPanels(service, panel, 1); // warms up
  const alone = await askPanels(service, panel, seconds);
  let reports = 0;
  let isOver = false;
  const askReports = async (first: number) => {
    for (let n = first; !isOver; n++) {
      const body = unasked(JSON.stringify(heavy[n % heavy.length]?.body));
      await service.ask('POST', '/v1/query', body, 'application/json', other);
      reports++;
    }
  };
  const asking = Array.from({ length: REPORTS }, (_, n) => askReports(n));
  const besides = askPanels(service, panel, seconds).finally(() => {
    isOver = true;
  });
  const [beside] = await Promise.all([besides, ...asking]);
  return { alone, beside, reports };
}

async function askPanels(service: Service, panel: Read, seconds: number): Promise<Share> {
  const body = JSON.stringify(panel.body);
  const times: number[] = [];
  const asked: Promise<void>[] = [];
  await service.delay(); // starts anew
  for (let n = 0; n < (seconds * 1000) / EVERY; n++) {
    const started = performance.now();
    const answer = service.ask('POST', '/v1/query', unasked(body), 'application/json');
    asked.push(answer.then(() => void times.push(performance.now() - started)));
    await delay(EVERY);
  }
  await Promise.all(asked);
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] as number;
  return { panels: sorted.length, median: at(0.5), p95: at(0.95), loop: await service.delay() };
}

/** Another key of the account, made below the service. */
async function keyOf({ target }: Service): Promise<string> {
  const pool = openPool(target, { max: 1, statementTimeout: 30_000 });
  try {
    const key = { account_id: ACCOUNT, name: 'reports', permissions: ['read' as const], team_ids: null, bot_ids: null };
    const { key_id, secret } = await createKey(pool, key);
    return `${key_id}:${secret}`;
  } finally {
    await pool.close();
  }
}
