import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import type { Scope } from '../scope.js';

/**
 * Counts the events of a batch whose content differs from the stored event with the same conversation and id. Columns
 * are compared as stored (JSON by value). `events` is a JSON list of rows of the table `events`, repeats included.
 * Events that this batch stored itself are equal, so the whole batch can be passed. Of events whose words were erased it is
 * unknown, and they do not count.
 */
export async function differing(db: Database, scope: Scope, events: string): Promise<number> {
  const found = await db.read<{ count: number }>(
    (sql) => sql`
      select count(*)::integer as count
      from json_to_recordset(${events}::text::json) as s (
        conversation_id text, id text, type text, "time" timestamptz, seq integer, sender text, actor_id text, team_id text,
        organization_id text, attributes jsonb, body jsonb
      )
      join events e on e.account_id = ${scope.account}::uuid
        and e.conversation_id = s.conversation_id collate "C" and e.id = s.id collate "C"
      where not coalesce(e.body ? 'erased', false) and (e.type, e.time, e.seq, e.sender, e.actor_id, e.team_id, e.organization_id, e.attributes, e.body)
        is distinct from
        (s.type, s.time, coalesce(s.seq, 0), s.sender, s.actor_id, s.team_id, s.organization_id, s.attributes, s.body)`,
  );
  return only(found).count;
}
