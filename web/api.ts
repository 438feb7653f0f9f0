import { base } from './base.js';
import { type ApiRequest, asCsv, target } from './request.js';
import { key, signOut } from './session.js';

/** A request that was not answered as hoped; the message is one to show. */
export class ApiError extends Error {
  /** 0 when there was no answer at all. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Sends a request with the key of this tab and returns the answer's JSON. Throws an ApiError. */
export async function ask<Answer>(request: ApiRequest, signal?: AbortSignal): Promise<Answer> {
  const answer = await send(request, signal);
  return (answer.status === 204 ? undefined : await answer.json()) as Answer;
}

/** The answer as the CSV that a spreadsheet reads, and the file's name as the service gives it. */
export async function askCsv(request: ApiRequest): Promise<{ file: Blob; name: string | undefined }> {
  const answer = await send(asCsv(request));
  const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1];
  return { file: await answer.blob(), name };
}

async function send(request: ApiRequest, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${key.value}` };
  if (request.body) headers['content-type'] = 'application/json';
  const answer = await fetch(base + target(request), {
    method: request.method,
    headers,
    ...(request.body ? { body: JSON.stringify(request.body) } : {}),
    ...(signal ? { signal } : {}),
    cache: 'no-store',
  }).catch((error) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The service does not answer. Is it running, and are you online?');
  });
  if (answer.ok) return answer;
  if (answer.status === 401) signOut('The service does not take this key (any more).');
  throw new ApiError(answer.status, await reasonOf(answer));
}

async function reasonOf(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  const wait = answer.headers.get('retry-after');
  const hint = wait === null ? '' : ` Try again in ${wait} s.`;
  return `${problem.detail ?? `The service answers ${answer.status}.`}${hint}`;
}

/** Whether an error only says that nobody waits for the answer any more. */
export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
