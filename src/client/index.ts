import { setTimeout as delay } from 'node:timers/promises';
import createClient, { type Client } from 'openapi-fetch';
import { batches } from './batches.js';
import { answerOf, ReportsError } from './errors.js';
import { retrying } from './retry.js';
import type { components, operations, paths } from './schema.js';

export { type Problem, ReportsError } from './errors.js';
export type { components, operations, paths } from './schema.js';

type Schemas = components['schemas'];
/** Answers can be CSV too; these are the ones that are typed. */
type Json = 'application/json' | 'application/problem+json';

export type Event = Schemas['Batch']['events'][number];
export type Conversation = Schemas['Conversation'];
export type ConversationsQuery = NonNullable<operations['listConversations']['parameters']['query']>;
export type QueryBody = Schemas['QueryBody'];
export type QueryAnswer = Schemas['QueryAnswer'];
export type WholeConversation = Schemas['WholeConversation'];

export interface ClientOptions {
  /** Address of the service, such as `http://127.0.0.1:3000`. */
  url: string;
  /** A key as it is printed, `key_id:secret`. */
  key: string;
  /** How often a request is sent again at most. Default: 6, which takes about 15 s. */
  retries?: number;
  /** Milliseconds that one attempt may take. Default: 60,000. */
  timeout?: number;
  fetch?: (request: Request) => Promise<Response>;
  /** Waits between attempts. */
  wait?: (milliseconds: number) => Promise<void>;
}

export interface Reports {
  /** Every operation of openapi.yaml, typed: `api.GET('/v1/bots')`. Retries included; refusals are in `error`. */
  api: Client<paths, Json>;
  /**
   * Sends any number of events in batches, in order. A repeated event is a duplicate and changes nothing, so after a
   * failure all of them can be sent again. Throws `SendError` if the service refuses a batch.
   */
  send(
    events: Iterable<Event> | AsyncIterable<Event>,
    options?: { batch?: number; signal?: AbortSignal },
  ): Promise<Schemas['Accepted']>;
  /** Runs a query. Throws `ReportsError`. */
  query(body: QueryBody): Promise<QueryAnswer>;
  /** All conversations that match, newest first, read page by page. */
  conversations(query?: Omit<ConversationsQuery, 'cursor' | 'format'>): AsyncGenerator<Conversation>;
  /** The pages of one conversation, each with its messages and steps in order of time. */
  transcript(conversation_id: string, options?: { time_zone?: string }): AsyncGenerator<WholeConversation>;
}

/** A refused batch: `errors` name the events by their place in all that was sent; those before `stored` are stored. */
export class SendError extends ReportsError {
  readonly stored: number;
  constructor(error: ReportsError, start: number) {
    const errors = error.errors.map(({ path, message }) => ({
      path: path.replace(/^\$\.events\[(\d+)\]/, (_, n) => `$.events[${start + Number(n)}]`),
      message,
    }));
    const problem = { type: 'about:blank', title: '', status: error.status, detail: error.message, errors };
    super(error.status, { ...problem, request_id: error.request_id ?? '' });
    this.name = 'SendError';
    this.stored = start;
  }
}

/** A client of a Conversation Reports service. */
export function createReports({
  url,
  key,
  retries = 6,
  timeout = 60_000,
  fetch = globalThis.fetch,
  wait = delay,
}: ClientOptions): Reports {
  const api = createClient<paths, Json>({
    baseUrl: url.replace(/\/$/, ''),
    headers: { authorization: `Bearer ${key}` },
    fetch: retrying({ retries, timeout, fetch, wait: async (time) => void (await wait(time)) }),
  });

  return {
    api,
    async send(events, { batch, signal } = {}) {
      const total = { accepted: 0, duplicates: 0 };
      for await (const { start, events: some } of batches(events, batch)) {
        const init = signal === undefined ? {} : { signal };
        const result = await api.POST('/v1/events', { body: { events: some }, ...init });
        try {
          const { accepted, duplicates } = answerOf(result);
          total.accepted += accepted;
          total.duplicates += duplicates;
        } catch (error) {
          throw error instanceof ReportsError ? new SendError(error, start) : error;
        }
      }
      return total;
    },
    query: async (body) => answerOf(await api.POST('/v1/query', { body })),
    async *conversations(query = {}) {
      let cursor: string | null = null;
      do {
        const page: { query: ConversationsQuery } = { query: { ...query, ...(cursor === null ? {} : { cursor }) } };
        const found: Schemas['ConversationsAnswer'] = answerOf(await api.GET('/v1/conversations', { params: page }));
        yield* found.conversations;
        cursor = found.next_cursor;
      } while (cursor !== null);
    },
    async *transcript(conversation_id, options = {}) {
      let cursor: string | null = null;
      do {
        const query: object = { ...options, ...(cursor === null ? {} : { cursor }) };
        const params = { path: { conversation_id }, query };
        const page: WholeConversation = answerOf(await api.GET('/v1/conversations/{conversation_id}', { params }));
        yield page;
        cursor = page.next_cursor;
      } while (cursor !== null);
    },
  };
}
