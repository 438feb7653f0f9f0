import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../database/database.js';
import { NotFound, Unauthenticated } from '../errors.js';
import type { Guarded } from './guesses.js';
import { findLink, type Shared } from './links.js';
import { type Principal, principals } from './principal.js';
import { findHook, type Hook } from './sources.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Marks every route that `authenticate` guards. */
    principal: Principal;
    /** What the link of the request reads; null where the request has a key. */
    shared: Shared | null;
    /** The source of the hook of the request; null where the request has a key. */
    hook: Hook | null;
  }
}

/**
 * Makes every route of `app` answer 401 unless the request has a valid key, in one of four forms: `Basic` with
 * key_id:secret, or `Token KEY`, `apikey KEY`, `Bearer KEY` where KEY is key_id.secret or key_id:secret.
 */
export async function authenticate(app: FastifyInstance, db: Database, guarded: Guarded): Promise<void> {
  const find = principals(db);
  app.decorateRequest('principal');

  async function accept(request: FastifyRequest, id: string, secret: string): Promise<void> {
    const principal = await guarded(request.ip, `key ${id}\0${secret}`, () => find(id, secret));
    if (principal === null) throw new Unauthenticated('the key is unknown, revoked or has another secret');
    request.principal = principal;
  }

  await app.register(basicAuth, {
    validate: (id, secret, request, _reply, done) => {
      accept(request, id, secret).then(() => done(), done);
    },
  });

  async function byKey(request: FastifyRequest, scheme: string, key: string): Promise<void> {
    const [, id = '', secret = key] = /^([^.:]*)[.:](.*)$/s.exec(key) ?? [];
    await accept(request, id, secret);
    const account = request.headers['x-moveo-account-id'];
    const isTheirs = String(account).toLowerCase() === request.principal.account_id; // UUIDs are case-insensitive
    if (scheme === 'apikey' && account !== undefined && !isTheirs) {
      throw new Unauthenticated('X-Moveo-Account-Id is not the account of the key');
    }
  }

  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    const [, scheme = '', key = ''] = /^(\S+) +(\S+) *$/.exec(request.headers.authorization ?? '') ?? [];
    const word = scheme.toLowerCase();
    if (word === 'token' || word === 'apikey' || word === 'bearer') {
      byKey(request, word, key).then(() => done(), done);
    } else if (word === 'basic') {
      app.basicAuth(request, reply, (error?: Error & { code?: string; statusCode?: number }) => {
        if (error?.code?.startsWith('FST_BASIC_AUTH')) {
          done(new Unauthenticated('the Authorization header cannot be parsed'));
          return;
        }
        if (error !== undefined) delete error.statusCode; // the plugin gives every error status 401, which is wrong for an internal error
        done(error);
      });
    } else {
      done(
        new Unauthenticated(
          'send a key in the Authorization header: Basic base64(key_id:secret), or Bearer key_id:secret',
        ),
      );
    }
  });
}

/**
 * Gives the routes of `app`, whose paths have a `token`, the key and the report of the link that it belongs to. A link that
 * is unknown, altered, deleted or past its end, or whose key is revoked, gets one and the same 404.
 */
export async function authenticateLinks(
  app: FastifyInstance,
  db: Database,
  now: () => number,
  guarded: Guarded,
): Promise<void> {
  app.decorateRequest('principal');
  app.decorateRequest('shared', null);
  app.addHook('onRequest', async (request) => {
    const { token = '' } = request.params as { token?: string };
    const link = await guarded(request.ip, `link ${token}`, () => findLink(db, token, now()));
    if (link === null) throw new NotFound('there is nothing at this address: the link is unknown, or it has ended');
    request.principal = link.key;
    request.shared = link.shared;
  });
}

/**
 * Gives the routes of `app`, whose paths have a `token`, the source that it belongs to and the key whose reach that has. A
 * source that is unknown or deleted, or whose key is revoked, gets one and the same 404.
 */
export async function authenticateHooks(app: FastifyInstance, db: Database, guarded: Guarded): Promise<void> {
  app.decorateRequest('principal');
  app.decorateRequest('hook', null);
  app.addHook('onRequest', async (request) => {
    const { token = '' } = request.params as { token?: string };
    const hook = await guarded(request.ip, `hook ${token}`, () => findHook(db, token));
    if (hook === null) throw new NotFound('there is nothing at this address: the source is unknown, or it has ended');
    request.principal = hook.key;
    request.hook = hook;
  });
}
