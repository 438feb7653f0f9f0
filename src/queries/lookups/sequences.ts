import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { condition } from '../condition.js';
import { besidePresence, type Presence, presentIn } from '../presence.js';
import type { AsOf, FilterOf } from '../query.js';
import { within } from '../raw/dataset.js';
import { fieldsOf } from '../raw/fields.js';
import { MAX_CELLS, tooManyCells } from '../run.js';
import { type Scope, visible } from '../scope.js';
import type { Window } from '../time/window.js';

/** Selects conversations: those that started in the window, match the filter and have a step. */
export interface StepsQuery {
  scope: Scope;
  window: Window;
  where: FilterOf<'conversations'>;
  presence: Presence[];
  asOf: AsOf;
}

export interface FlowNode {
  /** Null for the conversations that end here. */
  id: string | null;
  occurrences: number;
}

/**
 * Counts, of the sequences that begin with `path`, how many continue with each next step and how many end there. The
 * sequence of a conversation is the `from_step` of its first step, if any, then every `to_step`, by depth, then by
 * time. Throws `LimitExceeded`, with `limited` as the path of the fault, if there are too many.
 */
export async function nextSteps(
  db: Database,
  query: StepsQuery,
  path: string[],
  limited: string,
): Promise<{ present: boolean[]; nodes: FlowNode[] }> {
  const rows = await db.read<FlowNode & { is_found: boolean | null }>(
    (sql) =>
      besidePresence(
        sql,
        query.scope,
        query.presence,
        sql`
          select path[${path.length + 1}] as id, count(*) as occurrences, true as is_found
          from (${sequences(sql, query)}) s
          where path[1:${path.length}] = ${path}::text[]
          group by 1
          limit ${MAX_CELLS + 1}`,
      ),
    'heavy',
  );
  if (rows.length > MAX_CELLS) throw tooManyCells(limited);
  const nodes = rows.flatMap(({ id, occurrences, is_found }) => (is_found ? [{ id, occurrences }] : []));
  return { present: presentIn(rows, query.presence), nodes };
}

/** Counts of the conversations that pass through one step. */
export interface StepCounts {
  /** Sequences that contain the step. */
  conversation_count: number;
  /** Sequences that end with the step. */
  drop_off_count: number;
  /** Messages after a transition to the step and before the next step of the conversation, by time. */
  message_count: number;
}

export async function stepCounts(
  db: Database,
  query: StepsQuery,
  step: string,
): Promise<StepCounts & { present: boolean[] }> {
  const rows = await db.read<StepCounts>(
    (sql) =>
      besidePresence(
        sql,
        query.scope,
        query.presence,
        sql`
        with found as materialized (
          select conversation_id, path[cardinality(path)] = ${step} as is_last
          from (${sequences(sql, query)}) s where ${step}::text = any(path)
        ), events_of as (
          select e.conversation_id, e.type, e.body->'to_step'->>'id' as step, e.time, e.seq, e.id,
            count(*) filter (where e.type = 'step') over (
              partition by e.conversation_id order by e.time, e.seq, e.id) as place
          from events e
          where e.account_id = ${query.scope.account}::uuid and e.type in ('step', 'message')
            and e.conversation_id = any(array(select conversation_id from found))
        ), placed as (
          select type, first_value(step) over (partition by conversation_id, place order by time, seq, id) as step
          from events_of where place > 0
        )
        select (select count(*) from found) as conversation_count,
          (select count(*) from found where is_last) as drop_off_count,
          (select count(*) from placed where type = 'message' and step = ${step}) as message_count`,
      ),
    'heavy',
  );
  const { conversation_count, drop_off_count, message_count } = only(rows);
  return { conversation_count, drop_off_count, message_count, present: presentIn(rows, query.presence) };
}

/** The sequence of each conversation, as `path`. */
const sequences = (sql: Sql, { scope, window, where, asOf }: StepsQuery): Fragment => sql`
  select conversation_id,
    array_remove(array[(array_agg(from_step order by depth, place))[1]], null) || array_agg(to_step order by depth, place) as path
  from (
    select conversation_id, from_step, to_step, place, coalesce(depth, place) as depth
    from (
      select e.conversation_id, e.body->'from_step'->>'id' as from_step, e.body->'to_step'->>'id' as to_step,
        (e.body->>'depth')::bigint as depth,
        row_number() over (partition by e.conversation_id order by e.time, e.seq, e.id) - 1 as place
      from conversations c
      join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'step'
      where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)}
        and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}
    ) sent
  ) steps
  group by conversation_id`;
