import { createHash, hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AsOf } from '../queries/query.js';
import type { Revision } from '../queries/revision/revision.js';
import type { Scope } from '../queries/scope.js';
import { version } from '../root.js';

/** The entity tags that an answer may have. They are weak: a proxy may compress it. */
export interface Validators {
  /** Of an answer that did not ask which conversations have expired. */
  readonly lasting: string;
  /** Of one that did. */
  readonly passing: string;
}

/**
 * The entity tags of the answer to a request. They cover all that it depends on: the version of the service, the timeouts,
 * the scope of the key, the request as it was sent and as it was parsed (with its relative times resolved), the format, and
 * the revision. They are hashes, so that they tell nothing.
 */
export function validatorsOf(
  request: FastifyRequest,
  { facts, expiry }: Revision,
  {
    scope,
    timeouts,
    parsed,
    wantsCsv,
  }: { scope: Scope; timeouts: AsOf['timeouts']; parsed: unknown; wantsCsv: boolean },
): Validators {
  const { account, teams, bots } = scope;
  const { initial, channels } = timeouts;
  const said = [version, initial, [...channels], account, teams, bots, request.routeOptions.url, request.url];
  const hashed = createHash('sha256').update(JSON.stringify([...said, wantsCsv, parsed, facts]));
  if (Buffer.isBuffer(request.body)) hashed.update(request.body);
  const whole = hashed.digest('base64url');
  return {
    lasting: tag(whole),
    // Most answers do not ask for it.
    get passing() {
      return tag(hash('sha256', `${whole} ${expiry}`, 'base64url'));
    },
  };
}

const tag = (hash: string) => `W/"${hash.slice(0, 32)}"`;

/**
 * The one of an answer's tags that `If-None-Match` of a GET names; null if none. `*` names an answer only if there is one, so
 * it has to be computed. Tags are compared without regard to weakness (RFC 9110, 13.1.2).
 */
export function matching(request: FastifyRequest, validators: Validators): string | null {
  const sent = request.headers['if-none-match'];
  if (sent === undefined || request.method === 'POST') return null;
  const named = new Set([...sent.matchAll(/"[\x21\x23-\x7e\x80-\xff]*"/g)].map(([opaque]) => `W/${opaque}`));
  return [validators.lasting, validators.passing].find((one) => named.has(one)) ?? null;
}

/** Whether a GET asks for nothing if there is any answer. */
export const matchesAny = (request: FastifyRequest): boolean =>
  request.method !== 'POST' && request.headers['if-none-match']?.trim() === '*';

/** The time of the request, and whether an answer has asked for it. */
export function watched({ now, timeouts }: AsOf): { asOf: AsOf; isSeen: () => boolean } {
  let isSeen = false;
  const asOf = {
    timeouts,
    get now() {
      isSeen = true;
      return now;
    },
  };
  return { asOf, isSeen: () => isSeen };
}

/** Answers that the client has the answer already. */
export function sendUnchanged(reply: FastifyReply, validator: string): FastifyReply {
  return reply.code(304).header('etag', validator).send();
}
