import { hash } from 'node:crypto';
import type { Database } from '../database/database.js';
import { Forbidden } from '../errors.js';
import type { Scope } from '../queries/scope.js';
import { findKey, type Key, type Permission } from './keys.js';

/** The key of a request. */
export type Principal = Key;

/**
 * The scope of a key, if it has the permission; `admin` includes all. This is the only way from a request to a `Scope`.
 */
export function scopeFor(principal: Principal, permission: Permission): Scope {
  if (!principal.permissions.includes(permission) && !principal.permissions.includes('admin')) {
    throw new Forbidden(
      `this key may ${principal.permissions.join(' and ')}; the request needs one that may ${permission}`,
    );
  }
  return { account: principal.account_id, teams: principal.team_ids, bots: principal.bot_ids };
}

/** How long a key is cached, in milliseconds: far less than the 30 s within which a revoked key must stop working. */
const MEMORY = 10_000;
const MOST = 10_000;

/** Looks up keys and caches valid ones briefly, so that not every request queries the database. */
export function principals(db: Database): (id: string, secret: string) => Promise<Principal | null> {
  const known = new Map<string, { principal: Principal; until: number }>();
  return async (id, secret) => {
    if (id.length > 200 || secret.length > 500 || /[\0]/.test(id)) return null;
    const name = hash('sha256', `${id}\0${secret}`, 'base64'); // secrets are not kept in memory
    const remembered = known.get(name);
    const now = performance.now();
    if (remembered !== undefined && remembered.until > now) return remembered.principal;
    const principal = await findKey(db, id, secret);
    known.delete(name);
    if (principal !== null) {
      if (known.size >= MOST) known.clear();
      known.set(name, { principal, until: now + MEMORY });
    }
    return principal;
  };
}
