import type { Readable } from 'node:stream';
import type { Static, TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { scopeFor } from '../auth/principal.js';
import { requires } from '../auth/requires.js';
import type { Database } from '../database/database.js';
import { noteRoad } from '../database/meter.js';
import type { Fault } from '../errors.js';
import type { AsOf } from '../queries/query.js';
import type { Revisions } from '../queries/revision/revision.js';
import type { Scope } from '../queries/scope.js';
import { type CsvTable, limitCaching, sendCsvStream, wantsCsv, written } from './csv.js';
import { Faults } from './faults.js';
import { disposition, type Named } from './file-name.js';
import type { KeptAnswers, Written } from './kept-answers.js';
import { gatherLists } from './lists.js';
import type { Reports } from './reports.js';
import { measured, showTiming } from './timing.js';
import { matchesAny, matching, sendUnchanged, validatorsOf, watched } from './validators.js';

/** What every operation needs to answer a report. */
export interface ReportContext {
  db: Database;
  asOfNow: () => AsOf;
  revision: Revisions;
  /** The reports that links can read. */
  reports?: Reports;
  /** Keeps answers for the next who ask the same. Only for reports of numbers: what people wrote is not kept in memory. */
  kept?: KeptAnswers;
}

/** The caller of a request. */
export interface Caller {
  scope: Scope;
  /** The same for the whole request. */
  asOf: AsOf;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Whether the answer is sent as CSV. */
  wantsCsv: boolean;
  /** Adds a sentence to the header `Report-Notice`; repeated ones are dropped. */
  notice(text: string): void;
}

/** The input of a request. */
export interface RequestInput<Params, Query> {
  params: Params;
  query: Query;
  body: unknown;
  /** The time of the request, for relative times. */
  now: number;
}

/** An operation that parses a request and answers it as JSON, or as a CSV table of the same numbers. */
export interface Operation<Params extends TSchema, Query extends TSchema, Answer extends TSchema, Parsed> {
  method: 'GET' | 'POST';
  url: string;
  params?: Params;
  querystring: Query;
  response: Answer;
  /** Converts the received parameters to those of `querystring` before validation. Default: `gatherLists`. */
  gather?(query: Record<string, unknown>, addFault: (path: string, message: string) => void): Record<string, unknown>;
  /** Parses the request and adds its faults to `faults`. With any fault the request is refused. */
  parse(sent: RequestInput<Static<Params>, Static<Query>>, faults: Faults): Parsed;
  /** Streams the CSV of an answer that may be too large for memory; null if this answer is not. Asked first. */
  csvStream?(parsed: Parsed, caller: Caller): Promise<Readable | null>;
  answer(parsed: Parsed, caller: Caller): Promise<Static<Answer>>;
  /**
   * Whether the JSON is written as the answer stands, not by its schema, which takes ten times as long for a large table. The
   * answer must have nothing beside its fields.
   */
  isPlain?: boolean;
  /** Whether an answer may be kept, where any are: it must depend on nothing but what its tag covers. Default: it may. */
  isKept?(parsed: Parsed): boolean;
  /** The body as a CSV table. Without it the operation only answers JSON. */
  table?(answer: Static<Answer>, parsed: Parsed): CsvTable;
  /** What the file of the CSV is named after. Default: the path, and the `window` of what was parsed. */
  file?(parsed: Parsed): Named;
}

/**
 * Registers the route of an operation. It reports all faults of the request together, checks the permission of the key,
 * then answers. No operation can skip a step.
 */
export function serve<Params extends TSchema, Query extends TSchema, Answer extends TSchema, Parsed>(
  app: FastifyInstance,
  { asOfNow, revision, reports, kept }: ReportContext,
  operation: Operation<Params, Query, Answer, Parsed>,
): void {
  const { method, url, params, querystring, response } = operation;
  const lists = listsIn(querystring);
  const gather = operation.gather ?? ((query) => gatherLists(query, lists));
  const gatherFaults = new WeakMap<FastifyRequest, Fault[]>();

  async function preValidation(request: FastifyRequest) {
    const found: Fault[] = [];
    gatherFaults.set(request, found);
    request.query = gather(request.query as Record<string, unknown>, (path, message) => found.push({ path, message }));
  }

  /** What a request says. Throws `InvalidRequest` with all of its faults. */
  function read(request: FastifyRequest, now: number): Parsed {
    const faults = new Faults(request);
    for (const { path, message } of gatherFaults.get(request) ?? []) faults.add(path, message);
    // With a fault in the path Fastify has not validated the query, so it must not be parsed.
    if (request.validationError?.validationContext === 'params') faults.check();
    const { params, query, body } = request as Pick<
      RequestInput<Static<Params>, Static<Query>>,
      'params' | 'query' | 'body'
    >;
    const parsed = operation.parse({ params, query, body, now }, faults);
    faults.check();
    return parsed;
  }

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asOf = asOfNow();
    const parsed = read(request, asOf.now);
    const scope = scopeFor(request.principal, 'read');
    const { asOf: watching, isSeen } = watched(asOf);
    const caller = { ...callerOf(request, reply), asOf: watching, scope };
    const { table } = operation;
    return measured(async (meter) => {
      // Before the answer, which may therefore be newer than its validator, but never older.
      const found = await revision(scope.account, asOf);
      const validators =
        found && validatorsOf(request, found, { scope, timeouts: asOf.timeouts, parsed, wantsCsv: caller.wantsCsv });
      const known = validators && matching(request, validators);
      const finish = () => {
        limitCaching(reply, table !== undefined);
        showTiming(reply, meter);
      };
      const unchanged = (validator: string) => {
        finish();
        return sendUnchanged(reply, validator);
      };
      if (known !== null) return unchanged(known);
      const send = ({ body, headers }: Written) => {
        finish();
        return reply.headers(headers).serializer(String).send(body);
      };
      // A CSV may have a link to its next page, which is of this request.
      const mayKeep = kept && found && !caller.wantsCsv && (operation.isKept?.(parsed) ?? true);
      const answers = mayKeep ? kept.of(scope.account, found.facts) : null;
      const before = answers && validators && (answers.get(validators.lasting) ?? answers.get(validators.passing));
      if (before) {
        if (matchesAny(request)) return unchanged(String(before.headers.etag));
        noteRoad('kept');
        return send(before);
      }
      const stream = caller.wantsCsv ? ((await operation.csvStream?.(parsed, caller)) ?? null) : null;
      const answer = stream === null ? await operation.answer(parsed, caller) : null;
      // What a stream will ask for is not known yet.
      const validator = validators && (stream !== null || isSeen() ? validators.passing : validators.lasting);
      if (validator !== null) {
        if (matchesAny(request)) {
          stream?.destroy();
          return unchanged(validator);
        }
        reply.header('etag', validator);
      }
      const fileName = () => disposition(url, operation.file?.(parsed) ?? (parsed as Named));
      if (stream !== null) {
        finish();
        return sendCsvStream(request, reply, stream, fileName());
      }
      if (operation.isPlain) reply.serializer(JSON.stringify);
      const asTable = table && ((body: Static<Answer>) => ({ ...table(body, parsed), file: fileName() }));
      const ready = written(request, reply, answer as Static<Answer>, asTable);
      if (validator !== null) answers?.keep(validator, { ...ready, headers: { ...ready.headers, ...saidBy(reply) } });
      return send(ready);
    });
  }
  if (operation.table !== undefined) {
    const check = (request: FastifyRequest) => void read(request, asOfNow().now);
    reports?.add({ method, url, params, querystring, response, preValidation, check, answer: handle });
  }

  const schema: FastifySchema = {
    ...(params === undefined ? {} : { params }),
    querystring,
    response: { 200: response },
  };
  // Do not receive the body of a request whose key lacks the permission.
  const onRequest = method === 'POST' ? { onRequest: requires('read') } : {};
  app.route({ method, url, attachValidation: true, ...onRequest, schema, preValidation, handler: handle });
}

/** The headers that an answer has set. */
const saidBy = (reply: FastifyReply) => {
  const names = ['etag', 'report-notice'].filter((name) => reply.hasHeader(name));
  return Object.fromEntries(names.map((name) => [name, String(reply.getHeader(name))]));
};

/** The names of the parameters that take a list. */
function listsIn(querystring: TSchema): string[] {
  const properties = Object.entries((querystring.properties ?? {}) as Record<string, TSchema>);
  return properties.flatMap(([name, { type, anyOf = [] }]) =>
    [type, ...(anyOf as TSchema[]).map((one) => one.type)].includes('array') ? [name] : [],
  );
}

function callerOf(request: FastifyRequest, reply: FastifyReply): Omit<Caller, 'asOf' | 'scope'> {
  const notices = new Set<string>();
  return {
    request,
    reply,
    wantsCsv: wantsCsv(request, (request.query as { format?: string }).format),
    notice(text) {
      notices.add(text);
      reply.header('report-notice', [...notices].join('; '));
    },
  };
}
