import { type Key, type Permission, permissions } from '../../auth/keys.js';
import type { Fault } from '../../errors.js';
import type { Faults } from '../../http/faults.js';
import { readObject } from '../../http/json.js';
import { readName } from '../../http/name.js';
import type { Scope } from '../../queries/scope.js';
import { isStorable } from '../../queries/text.js';

/** What the body of a request says of a new key. */
export type NewKey = Pick<Key, 'name' | 'permissions' | 'team_ids' | 'bot_ids'>;

const MOST_IDS = 100;

/** Parses the body of a new key. The result must not be used if a fault was found. */
export function parseNewKey(body: unknown, faults: Faults): NewKey {
  const fields = readObject(body, '$', ['name', 'permissions', 'team_ids', 'bot_ids'], faults) ?? {};
  faults.check();
  return {
    name: readName(fields.name, '$.name', faults),
    permissions: readPermissions(fields.permissions, '$.permissions', faults),
    team_ids: readIds(fields.team_ids, '$.team_ids', faults),
    bot_ids: readIds(fields.bot_ids, '$.bot_ids', faults),
  };
}

/** What of a new key is beyond the reach of the key that creates it. */
export function beyond({ team_ids, bot_ids }: NewKey, { teams, bots }: Scope): Fault[] {
  return [...beyondList('team_ids', team_ids, teams), ...beyondList('bot_ids', bot_ids, bots)];
}

function beyondList(name: string, wanted: readonly string[] | null, own: readonly string[] | null): Fault[] {
  if (own === null) return [];
  const path = `$.${name}`;
  const allowed = `this key is restricted to ${own.join(', ')}`;
  if (wanted === null) return [{ path, message: `is needed: ${allowed}` }];
  const over = wanted.filter((id) => !own.includes(id));
  return over.length === 0 ? [] : [{ path, message: `may not have ${over.join(', ')}: ${allowed}` }];
}

function readPermissions(value: unknown, path: string, faults: Faults): Permission[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= permissions.length;
  if (isList && value.every((one) => permissions.includes(one))) return [...new Set(value as Permission[])];
  faults.add(path, `${value === undefined ? 'is needed: it ' : ''}must be a list of some of ${permissions.join(', ')}`);
  return [];
}

function readIds(value: unknown, path: string, faults: Faults): string[] | null {
  if (value === undefined || value === null) return null;
  const isId = (id: unknown) => typeof id === 'string' && id !== '' && [...id].length <= 200 && isStorable(id);
  const isList = Array.isArray(value) && value.length > 0 && value.length <= MOST_IDS;
  if (isList && value.every(isId)) return [...new Set(value as string[])];
  faults.add(path, `must be null for all, or a list of 1 to ${MOST_IDS} ids`);
  return null;
}
