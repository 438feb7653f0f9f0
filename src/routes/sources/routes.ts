import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import {
  countDelivery,
  countOtherSources,
  deleteSource,
  findSource,
  listSources,
  putSource,
  type StoredSource,
} from '../../auth/sources.js';
import type { Database } from '../../database/database.js';
import { Forbidden, LimitExceeded, NotFound } from '../../errors.js';
import { takeJson } from '../../http/body.js';
import { Faults } from '../../http/faults.js';
import { readBody } from '../../http/json.js';
import { strict } from '../../http/parameters.js';
import { isObject } from '../../queries/ingest/json.js';
import { MAX_BATCH_BYTES } from '../../queries/ingest/limits.js';
import type { Retention } from '../../queries/retention/days.js';
import { deliver } from './deliver.js';
import { parseSource } from './parse.js';
import {
  HookAnswer,
  HookParams,
  PutSource,
  SourceAnswer,
  type SourceFields,
  SourceParams,
  SourcesAnswer,
} from './schema.js';
import { isSigned } from './signature.js';

/** The most sources of an account. */
const MOST = 1_000;

/** Sources: how the webhooks of other products become events. Here keys with `admin` make, show and delete them. */
export async function sourceRoutes(app: FastifyInstance, db: Database): Promise<void> {
  takeJson(app, 1024 * 1024);
  const nothing = strict({});

  const listed = { querystring: nothing, response: { 200: SourcesAnswer } };
  app.get('/v1/sources', { attachValidation: true, schema: listed }, async (request, reply): Promise<SourcesAnswer> => {
    new Faults(request).check();
    const found = await listSources(db, scopeFor(request.principal, 'admin'), MOST);
    reply.header('cache-control', 'private').header('vary', 'authorization');
    return { sources: found.map(shape) };
  });

  const shown = { params: SourceParams, querystring: nothing, response: { 200: SourceAnswer } };
  app.get('/v1/sources/:source', { attachValidation: true, schema: shown }, async (request, reply) => {
    new Faults(request).check();
    const { source: name } = request.params as { source: string };
    const found = await findSource(db, scopeFor(request.principal, 'admin'), name);
    if (found === null) throw new NotFound(`there is no source ${name}`);
    reply.header('cache-control', 'private').header('vary', 'authorization');
    return { ...shape(found.source), recent: found.recent } satisfies SourceAnswer;
  });

  const put = { params: SourceParams, querystring: nothing, response: { 200: PutSource, 201: PutSource } };
  // Not compressed, like a new key.
  const options = { attachValidation: true, schema: put, onRequest: requires('admin'), compress: false as const };
  app.put('/v1/sources/:source', options, async (request, reply): Promise<PutSource> => {
    const faults = new Faults(request);
    const wanted = parseSource(readBody(request.body, faults), faults);
    faults.check();
    const { source: name } = request.params as { source: string };
    const scope = scopeFor(request.principal, 'admin');
    if ((await countOtherSources(db, scope.account, name)) >= MOST) {
      throw new LimitExceeded([{ path: '$', message: `the account has ${MOST} sources: delete some first` }]);
    }
    const made = await putSource(db, scope, name, request.principal, wanted);
    if (made === null) throw new Forbidden(`a key that sees more than this one has a source ${name}: use another name`);
    reply.code(made.token === null ? 200 : 201).header('cache-control', 'no-store');
    return { ...shape(made.source), path: made.token === null ? null : `/v1/hooks/${made.token}` };
  });

  const deleted = { params: SourceParams, querystring: nothing, response: { 204: Type.Null() } };
  app.delete('/v1/sources/:source', { attachValidation: true, schema: deleted }, async (request, reply) => {
    new Faults(request).check();
    const { source: name } = request.params as { source: string };
    const scope = scopeFor(request.principal, 'admin');
    if (!(await deleteSource(db, scope, name, request.principal))) throw new NotFound(`there is no source ${name}`);
    return reply.code(204).send();
  });
}

/** `POST /v1/hooks/{token}` takes a delivery. The key of its request is the one whose reach the source has. */
export async function hookRoutes(
  app: FastifyInstance,
  db: Database,
  now: () => number,
  retention: Retention,
): Promise<void> {
  takeJson(app, MAX_BATCH_BYTES);
  const schema = { params: HookParams, querystring: strict({}), response: { 200: HookAnswer } };
  app.post('/v1/hooks/:token', { attachValidation: true, schema }, async (request): Promise<HookAnswer> => {
    const faults = new Faults(request);
    const { hook, principal } = request;
    if (hook === null) throw new Error('a hook without a source');
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (hook.signed_by !== null && !isSigned(hook.signed_by, hook.signing_secret ?? '', request.headers, raw)) {
      throw new Forbidden(`the signature of ${hook.signed_by} is missing, or it was made with another secret`);
    }
    const body = readBody(raw, faults);
    faults.check();
    const challenge = challengeIn(body);
    const empty = { accepted: 0, duplicates: 0, ignored: 0, failed: 0 };
    if (challenge !== null) return { ...empty, challenge };
    const at = now();
    const outcome = await deliver(db, scopeFor(principal, 'write'), hook, body, { now: at, retention });
    await countDelivery(db, hook, outcome, raw.toString('utf8', 0, 20_000), at);
    const { accepted, duplicates, ignored, faults: failed, lag } = outcome;
    request.ingested = { accepted, duplicates, refused: failed.length, lag };
    return { accepted, duplicates, ignored: ignored.length, failed: failed.length };
  });
}

/** The challenge with which Slack checks a new address. */
function challengeIn(body: unknown): string | null {
  const isCheck = isObject(body) && body.type === 'url_verification' && typeof body.challenge === 'string';
  return isCheck ? (body.challenge as string) : null;
}

const shape = ({ mapping, attributes, ...source }: StoredSource): SourceFields => ({
  ...source,
  mapping: mapping === null ? null : (JSON.parse(mapping) as object),
  set: JSON.parse(attributes) as object,
});
