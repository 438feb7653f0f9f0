/** How requests are sent again. */
export interface Retries {
  /** How often at most, after the first time. */
  retries: number;
  /** Milliseconds that one attempt may take, its answer's headers included. */
  timeout: number;
  fetch: (request: Request) => Promise<Response>;
  /** Waits; tests replace it. */
  wait: (milliseconds: number) => Promise<void>;
}

const FIRST = 250;
const LONGEST = 30_000;

/** Statuses of answers after which the service says that a later attempt may succeed. */
const passing = [429, 502, 503, 504];

/**
 * A `fetch` that sends a request again when the service is busy, restarts or cannot be reached: after the seconds of
 * `Retry-After`, otherwise after a growing time of which half is random, so that many clients do not return at once.
 */
export function retrying({ retries, timeout, fetch, wait }: Retries): (request: Request) => Promise<Response> {
  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      const isLast = attempt >= retries;
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]);
      try {
        const answer = await fetch(new Request(request.clone(), { signal }));
        if (isLast || !passing.includes(answer.status) || !mayRepeat(request, answer.status)) return answer;
        await answer.body?.cancel();
        await wait(pause(attempt, answer.headers.get('retry-after')));
      } catch (error) {
        if (isLast || request.signal.aborted || !mayRepeat(request, null)) throw error;
        await wait(pause(attempt, null));
      }
    }
  };
}

/**
 * Whether a request may be sent twice. After 429 nothing was done; otherwise it may have been, which matters where each
 * request makes something new. Events are known by their ids, and all other POST requests only read.
 */
function mayRepeat({ method, url }: Request, status: number | null): boolean {
  return status === 429 || method !== 'POST' || !/\/v1\/(keys|links)$/.test(new URL(url).pathname);
}

function pause(attempt: number, retryAfter: string | null): number {
  const seconds = Number(retryAfter);
  const asked = retryAfter === null || Number.isNaN(seconds) ? 0 : seconds * 1_000;
  const grown = Math.min(LONGEST, FIRST * 2 ** attempt);
  return Math.min(LONGEST, Math.max(asked, grown / 2 + (Math.random() * grown) / 2));
}
