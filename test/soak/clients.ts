import { setTimeout as delay } from 'node:timers/promises';
import { random } from '../fold/events.js';
import { until } from '../service.js';
import { type Question, questions } from './questions.js';
import { KEY, type Stage } from './stage.js';
import { BATCH, batchOf, type Ledger, SENDERS } from './traffic.js';
import type { Watch } from './watch.js';

export const READERS = 8;

/** Milliseconds after which a client gives up waiting. */
const PATIENCE = 30_000;
/** Milliseconds that a client waits before it sends again, unless Retry-After says more; up to ten times as long. */
const FIRST_PAUSE = 200;

export interface Reply {
  status: number | null;
  text: string;
  /** Seconds of Retry-After, 0 without. */
  retryAfter: number;
}

/** Asks a service once, as a client would. */
export function ask(stage: Stage, service: number, path: string, body?: unknown, key = KEY): Promise<Reply> {
  const payload = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return fetch(`http://127.0.0.1:${stage.portOf(service)}${path}`, {
    ...payload,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(PATIENCE),
  })
    .then(async (one) => {
      const [text, retryAfter] = [await one.text(), Number(one.headers.get('retry-after') ?? 0)];
      return path === '/v1/graphql' && one.status === 200
        ? { status: statusOf(text), text, retryAfter: GRAPHQL_PAUSE }
        : { status: one.status, text, retryAfter };
    })
    .catch(() => ({ status: null, text: '', retryAfter: 0 }));
}

/** Seconds that a client of GraphQL waits: its answers have the status 200 whatever happens, and no Retry-After. */
const GRAPHQL_PAUSE = 1;

/** The status that an answer of GraphQL would have in the other dialects. */
function statusOf(text: string): number {
  const { errors } = JSON.parse(text) as { errors?: { extensions: { code: string } }[] };
  if (errors === undefined) return 200;
  return { unavailable: 503, 'limit-exceeded': 429 }[errors[0]?.extensions.code ?? ''] ?? 500;
}

/** What went wrong, a few words each; no more than the first are kept. */
export class Wrong {
  count = 0;
  readonly first: string[] = [];
  add(what: string): void {
    this.count++;
    if (this.first.length < 10) this.first.push(what.slice(0, 500));
  }
}

export interface Traffic {
  /** Resolves when every sender has its last batch acknowledged and rests. Throws if that takes more than a minute. */
  pause(): Promise<void>;
  resume(): void;
  /** Senders finish their batch; readers stop. */
  stop(): Promise<void>;
  /** Senders give up what they cannot send. */
  abandon(): Promise<void>;
  /** Answers that were held against the bounds. */
  compared: number[];
}

/** Senders and readers, until they are stopped. */
export function startTraffic(
  stage: Stage,
  ledger: Ledger,
  watch: Watch,
  { wrong, unexpected }: { wrong: Wrong; unexpected: Wrong },
): Traffic {
  let isRunning = true;
  let isAbandoned = false;
  let gate: { opened: Promise<void>; open: () => void } | null = null;
  let resting = 0;
  const asked = questions(ledger);
  const compared = asked.map(() => 0);

  async function tell(service: number, kind: 'answer' | 'acknowledged', path: string, body?: unknown) {
    const began = performance.now();
    const reply = await ask(stage, service, path, body);
    watch.note({ service, kind, status: reply.status, ms: performance.now() - began });
    const isRefusal = reply.status === null || reply.status === 503 || reply.status === 429;
    if (!isRefusal && reply.status !== 200) unexpected.add(`${path} answers ${reply.status}: ${reply.text}`);
    if (reply.status === 503 && reply.retryAfter === 0) unexpected.add(`${path}: 503 without Retry-After`);
    return reply;
  }

  async function send(sender: number, n: number): Promise<void> {
    const events = batchOf(ledger.seed, sender, n);
    ledger.begun[sender] = n + 1;
    for (let attempt = 0; !isAbandoned; attempt++) {
      const reply = await tell(sender % stage.services, 'acknowledged', '/v1/events', { events });
      if (reply.status === 200) {
        const { accepted, duplicates } = JSON.parse(reply.text) as { accepted: number; duplicates: number };
        const isWhole = accepted + duplicates === BATCH.events && (accepted === 0 || duplicates === 0);
        if (!isWhole) wrong.add(`a batch of ${BATCH.events} is told as ${reply.text}`);
        ledger.acknowledged[sender] = n + 1;
        return;
      }
      await delay(Math.max(reply.retryAfter * 1_000, FIRST_PAUSE * Math.min(10, 2 ** attempt)));
    }
  }

  async function sender(sender: number): Promise<void> {
    const r = random(ledger.seed + 500 + sender);
    for (let n = 0; isRunning; n++) {
      await send(sender, n);
      if (gate !== null) {
        resting++;
        await gate.opened;
        resting--;
      }
      await delay(200 + r.below(200));
    }
  }

  async function reader(reader: number): Promise<void> {
    const r = random(ledger.seed + 600 + reader);
    while (Math.min(...ledger.acknowledged) < 2) await delay(50); // what they ask about is there from then on
    for (let n = reader; isRunning; n++) {
      const place = n % asked.length;
      const { least, most, ...question } = (asked[place] as () => Question)();
      const before = least();
      const reply = await tell(reader % stage.services, 'answer', question.path, question.body);
      if (reply.status === 200) {
        compared[place] = (compared[place] as number) + 1;
        const high = most();
        try {
          const found = question.found(reply.text);
          if (!(before <= found && found <= high)) wrong.add(`${question.path}: ${found}, sent ${before} to ${high}`);
        } catch (error) {
          unexpected.add(`${question.path}: ${(error as Error).message} in ${reply.text}`);
        }
      }
      await delay(Math.max(reply.status === 200 ? 0 : reply.retryAfter * 1_000, 100 + r.below(200)));
    }
  }

  const senders = Array.from({ length: SENDERS }, (_, n) => sender(n));
  const readers = Array.from({ length: READERS }, (_, n) => reader(n));
  const resume = () => {
    gate?.open();
    gate = null;
  };
  const stop = async () => {
    isRunning = false;
    resume();
    await Promise.all([...senders, ...readers]);
  };
  return {
    async pause() {
      let open = () => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      gate = { opened, open };
      await until(
        () => resting === SENDERS,
        () => 'senders do not come to rest',
      );
    },
    resume,
    stop,
    abandon() {
      isAbandoned = true;
      return stop();
    },
    compared,
  };
}
