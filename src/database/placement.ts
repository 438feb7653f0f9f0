/**
 * Where each table of the schema lives when the database is distributed with Citus (docs/scaling.md). Every table is in one
 * of the three lists; test/distribute.test.ts fails on one that is not.
 */

/**
 * Tables of facts and what is derived of them, sharded by `account_id`. The shards of an account lie together, so that each
 * statement of an account is for one node. The first is the one that the others are laid beside.
 */
export const distributed = [
  'events',
  'conversations',
  'participations',
  'orders',
  'agent_cells',
  'known_ids',
  'segment_marks',
  'conversation_segments',
  'dictionary',
  'account_changes',
  'account_activity',
  'erased_events',
  'removed_conversations',
  'erasure_secrets',
] as const;

/** Tables with a copy on every node, and why: statements about facts read them. */
export const everywhere: Readonly<Record<string, string>> = {
  pending_marks: 'reports look at it beside the facts of their account',
};

/** Tables that stay on the coordinator, and why. */
export const local: Readonly<Record<string, string>> = {
  accounts: 'no statement joins it with facts',
  keys: 'found by their id before the account is known; can be made and revoked while a node is down',
  links: 'found by their token before the account is known, together with their key',
  sources: 'found by their token before the account is known, together with their key',
  source_deliveries: 'kept in the statement that counts the delivery of its source',
  request_rates: 'one row a key, written with every request where KEY_RATE is set',
  pending_refold: 'one row, which the processes of an upgrade take turns by',
  erasures: 'few rows, read before the facts of their account; can be asked for while a node is down',
  audit: 'written beside keys, links and sources',
  retention: 'one row an account, which the processes take turns by',
  schema_migrations: 'written by migrations',
  schema_functions: 'written by migrations',
};

/** Functions that run on the node of the account in their argument of this name. All others exist on every node. */
export const delegated: Readonly<Record<string, string>> = { ingest: 'p_account', refold: 'p_account' };
