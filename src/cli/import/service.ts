import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Halt, ImportError } from './halt.js';
import { formatDuration } from './progress.js';

export interface ServiceOptions {
  /** The base of the service, such as `http://127.0.0.1:3000`. */
  url: URL;
  keyId: string;
  secret: string;
  /** How long a batch is retried while the service is unavailable. */
  retryForMs: number;
  /** Timeout of one request. */
  deadlineMs: number;
  /** Whether bodies are compressed. */
  gzip: boolean;
}

/** The answer of the service to a batch. */
export interface Answer {
  status: number;
  /** The parsed JSON body; undefined if it is not JSON. */
  body: unknown;
  /** The target of a redirect. */
  location: string | null;
  /** The header `Report-Notice`. */
  notice?: string | null;
}

/** Statuses that are retried. */
interface Later {
  reason: string;
  /** The time that the service asked to wait. */
  waitMs: number | undefined;
}

const LATER = new Set([408, 429, 500, 502, 503, 504]);

/** Connection errors that a retry cannot fix: certificates, a protocol other than HTTP. */
const LASTING_FAULT = /^(?:CERT_|DEPTH_ZERO_|EPROTO|ERR_SSL_|ERR_TLS_|HPE_|SELF_SIGNED_|UNABLE_TO_)/;

const MIN_WAIT_MS = 100;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;

/** Failures within this time of each other belong to one outage, which is reported once. */
const OUTAGE_PAUSE_MS = 60_000;

const compress = promisify(gzip);

/** The service's `POST /v1/events` with retries: it returns an answer that a retry would not change. */
export class Service {
  readonly url: URL;
  readonly #options: ServiceOptions;
  readonly #halt: Halt;
  readonly #log: (text: string) => void;
  readonly #headers: Record<string, string>;
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor(options: ServiceOptions, halt: Halt, log: (text: string) => void) {
    this.url = new URL('v1/events', options.url.href.replace(/\/*$/, '/'));
    this.#options = options;
    this.#halt = halt;
    this.#log = log;
    this.#headers = {
      authorization: `Basic ${Buffer.from(`${options.keyId}:${options.secret}`).toString('base64')}`,
      'content-type': 'application/x-ndjson',
      ...(options.gzip && { 'content-encoding': 'gzip' }),
    };
  }

  /**
   * Sends a body of NDJSON and returns the answer. While the service is unavailable or asks to slow down, it waits as
   * asked, or with exponential backoff, and retries. Throws an ImportError after `retryForMs`, and any error when the
   * import is stopped.
   */
  async post(events: Buffer): Promise<Answer> {
    const body = this.#options.gzip ? await compress(events, { level: 1 }) : events;
    const giveUpAt = performance.now() + this.#options.retryForMs;
    for (let failures = 0; ; failures += 1) {
      this.#halt.stopping.throwIfAborted();
      const answer = await this.#try(body);
      if ('status' in answer) return answer;
      const waitMs = answer.waitMs ?? backOff(failures);
      if (performance.now() + waitMs > giveUpAt) {
        const allowed = `--retry-for ${formatDuration(this.#options.retryForMs)}`;
        throw new ImportError(`gave up on ${this.url.origin}: ${answer.reason}; the next try is later than ${allowed}`);
      }
      this.#tell(answer.reason);
      await sleep(waitMs, undefined, { signal: this.#halt.stopping });
    }
  }

  async #try(body: Buffer): Promise<Answer | Later> {
    const abort = new AbortController();
    const onHalt = () => abort.abort();
    const { deadlineMs } = this.#options;
    const timer = setTimeout(() => abort.abort(), deadlineMs);
    this.#halt.aborting.addEventListener('abort', onHalt);
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: this.#headers,
        body,
        redirect: 'manual', // following one would turn the POST into a GET, and hand the key on
        signal: abort.signal,
      });
      const text = await response.text();
      if (LATER.has(response.status)) {
        return { reason: `it answers ${response.status}`, waitMs: waitOf(response.headers.get('retry-after')) };
      }
      return {
        status: response.status,
        body: parseJson(text),
        location: response.headers.get('location'),
        notice: response.headers.get('report-notice'),
      };
    } catch (error) {
      this.#halt.aborting.throwIfAborted();
      if (abort.signal.aborted) return { reason: `no answer within ${formatDuration(deadlineMs)}`, waitMs: undefined };
      return { reason: this.#connectionFault(error), waitMs: undefined };
    } finally {
      clearTimeout(timer);
      this.#halt.aborting.removeEventListener('abort', onHalt);
    }
  }

  /** The reason of a failed fetch, which is in its `cause`. Throws an ImportError if a retry cannot fix it. */
  #connectionFault(error: unknown): string {
    const cause: { code?: string; message?: string } = (error as Error).cause ?? {};
    const reason = cause.message || cause.code || String(error);
    if (cause.code === undefined || LASTING_FAULT.test(cause.code)) {
      throw new ImportError(`cannot talk to ${this.url.origin}: ${reason}; check --url`);
    }
    return reason;
  }

  #tell(reason: string): void {
    const now = performance.now();
    if (now - this.#lastFailure > OUTAGE_PAUSE_MS) {
      const patience = formatDuration(this.#options.retryForMs);
      this.#log(`service unavailable (${reason}), retrying for up to ${patience}`);
    }
    this.#lastFailure = now;
  }
}

/** Exponential backoff up to a cap, with jitter so that senders do not return all at once. */
function backOff(failures: number): number {
  return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** `Retry-After` in milliseconds, from seconds or a date; undefined for anything else. */
function waitOf(retryAfter: string | null): number | undefined {
  const ms = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : Date.parse(retryAfter ?? '') - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(MIN_WAIT_MS, ms);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
