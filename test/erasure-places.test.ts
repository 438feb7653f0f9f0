import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { attributeRoles, bodyRoles } from '../src/queries/erasure/roles.js';
import { attributes, commonFields, eventTypes } from '../src/queries/ingest/fields.js';
import { root } from '../src/root.js';

/**
 * Everything that can hold a text of a person has been decided upon: each field of an event, each attribute, and each column
 * of the schema. A new one fails here until it is.
 */

/** Why the texts of a column are none of a person, or how an erasure takes them away. */
type Decision =
  | 'events' // rewritten by an erasure
  | 'derived' // from events, by refold
  | 'replaced' // by an erasure, once all events are rewritten
  | 'codes' // numbers of words
  | 'hash'
  | 'operator' // names that an operator gave: accounts, keys, sources, bots, teams
  | 'ours'; // chosen by the service

const whole: Record<string, Decision> = {
  audit: 'ours',
  accounts: 'operator',
  agent_cells: 'derived',
  conversation_segments: 'codes',
  conversations: 'derived',
  events: 'events',
  keys: 'operator',
  known_ids: 'operator',
  links: 'replaced',
  orders: 'derived',
  participations: 'derived',
  request_rates: 'ours',
  schema_functions: 'ours',
  schema_migrations: 'ours',
  source_deliveries: 'replaced',
  sources: 'operator',
  pending_refold: 'ours',
  segment_marks: 'ours',
};
const single: Record<string, Decision> = {
  'erasure_secrets.secret': 'ours',
  'conversation_segments.bot_id': 'operator',
  'dictionary.dimension': 'ours',
  'dictionary.value': 'replaced',
  'erased_events.digest': 'hash',
  'removed_conversations.digest': 'hash',
  'retention.state': 'ours',
  'erasures.erasure_id': 'ours',
  'erasures.key_id': 'ours',
  'erasures.stand_in': 'ours',
  'erasures.state': 'ours',
  'erasures.user_id': 'replaced',
  'erasures.person': 'replaced',
  'erasures.position': 'replaced',
};
/** Tables in which a new column must be decided upon by itself: not all of them are made from events. */
const byColumn: Record<string, string> = {
  audit: 'action done_by key_id subject team_ids bot_ids',
  accounts: 'name',
  keys: 'key_id name secret_hash permissions team_ids bot_ids',
  links: 'link_id key_id name token_hash report query',
  known_ids: 'kind id',
  request_rates: 'key_id',
  schema_functions: 'name digest',
  schema_migrations: 'name digest',
  segment_marks: 'bot_id',
  pending_refold: 'conversation_id',
  source_deliveries: 'source ignored faults body',
  sources: 'source key_id token_hash preset mapping prefix attributes signed_by signing_secret',
  events: 'conversation_id id type sender actor_id team_id organization_id attributes body',
  orders: 'conversation_id order_id currency id',
};

/** The columns of the schema that can hold a text. */
function textColumns(schema: string): string[] {
  const found: string[] = [];
  let table = '';
  for (const line of schema.split('\n')) {
    if (/^\w+$/.test(line)) table = line;
    const [, column] = /^ {2}([a-z_]+) (?:text|jsonb?|bytea|character|bytea)(?:\[\])?\b/.exec(line) ?? [];
    if (column !== undefined && table !== 'functions') found.push(`${table}.${column}`);
  }
  return found;
}

const undecided = (columns: string[]) =>
  columns.filter((name) => {
    const [table = '', column = ''] = name.split('.');
    if (single[name] !== undefined) return false;
    if (whole[table] === undefined) return true;
    const listed = byColumn[table];
    return listed !== undefined && !listed.split(' ').includes(column);
  });

t.test('each column that can hold a text is decided upon', async (t) => {
  const columns = textColumns(readFileSync(join(root, 'db/schema.txt'), 'utf8'));
  t.ok(columns.length > 100, `${columns.length} columns`);
  t.strictSame(undecided(columns), []);
  t.strictSame(
    undecided(textColumns('sources\n  remark text not null\n\nnotes\n  text jsonb\n')),
    ['sources.remark', 'notes.text'],
    'the control: new ones are named',
  );
});

t.test('each field of an event and each attribute is decided upon', async (t) => {
  const fields = Object.values(eventTypes).flatMap((own) =>
    Object.entries(own).flatMap(([name, field]) => (field.column === undefined ? [name] : [])),
  );
  const inBody = fields.filter((name) => !(name in commonFields));
  t.strictSame(Object.keys(bodyRoles).sort(), [...new Set(inBody)].sort());
  t.strictSame(Object.keys(attributeRoles).sort(), Object.keys(attributes).sort());
});
