import type { Database } from '../../database/database.js';
import type { EventRow } from '../ingest/check.js';
import { bounds, cutoffOf, type Retention } from './days.js';

/**
 * Which events of a batch are older than what is kept: they are ignored, whether or not they were stored once. The channel is
 * the last that the batch says of the conversation, else the stored one.
 */
export async function pastOf(
  db: Database,
  account: string,
  rows: EventRow[],
  retention: Retention,
  now: number,
): Promise<(row: EventRow) => boolean> {
  const { newest } = bounds(retention, now);
  if (newest === null) return () => false;
  const old = new Set(rows.filter((row) => Date.parse(row.time) < newest).map((row) => row.conversation_id));
  if (old.size === 0) return () => false;
  const said = new Map<string, { time: number; channel: string | null }>();
  for (const { conversation_id: id, time, attributes } of rows) {
    if (!old.has(id) || attributes?.channel === undefined) continue;
    const at = Date.parse(time);
    if (at >= (said.get(id)?.time ?? at)) said.set(id, { time: at, channel: attributes.channel as string | null });
  }
  const unknown = retention.channels.size === 0 ? [] : [...old].filter((id) => !said.has(id));
  const stored = unknown.length === 0 ? [] : await channelsOf(db, account, unknown);
  const channels = new Map(stored.map((row) => [row.conversation_id, row.channel]));
  return ({ conversation_id: id, time }) => {
    const channel = said.get(id)?.channel ?? channels.get(id) ?? null;
    const cutoff = cutoffOf(retention, channel, now);
    return cutoff !== null && Date.parse(time) < cutoff;
  };
}

const channelsOf = (db: Database, account: string, ids: string[]) =>
  db.read<{ conversation_id: string; channel: string | null }>(
    (sql) => sql`
      select conversation_id, channel from conversations
      where account_id = ${account}::uuid and conversation_id = any(${ids}::text[])`,
  );
