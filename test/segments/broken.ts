/** The protocol with one fault each. Comparisons must see every one of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '../../src/database/connect.js';
import { build, type Mark, type Sizes } from '../../src/queries/segments/refresh.js';
import { ACCOUNT, type World } from '../harness.js';
import type { Refresh } from './race.js';

/** Marks of where a conversation is, and not of where it was. */
export const withoutOldKeys = async ({ sql }: World) => {
  await sql`
    create or replace function mark_segments(p_account uuid, p_before conversations[], p_after conversations[])
    returns void language plpgsql volatile as $$
    begin
      insert into segment_marks (account_id, bot_id, hour)
      select distinct p_account, coalesce(r.bot_id, ''), date_trunc('hour', r.start_time, 'UTC')
      from unnest(p_after) r where r.start_time is not null;
    end $$`;
};

/** Marks of where the latest message is, as if a change were about no earlier one. */
export const withoutOldMessages = async ({ sql }: World) => {
  await sql`
    create or replace function mark_segments(p_account uuid, p_before conversations[], p_after conversations[])
    returns void language plpgsql volatile as $$
    begin
      insert into segment_marks (account_id, bot_id, hour, messages_from, messages_to)
      select p_account, coalesce(r.bot_id, ''), date_trunc('hour', r.start_time, 'UTC'),
        coalesce(min(r.last_content_time), 'infinity'), coalesce(max(r.last_content_time), '-infinity')
      from unnest(p_before || p_after) r where r.start_time is not null group by 2, 3;
    end $$`;
};

/** One mark for each bot and hour: whoever finds one relies on it, and a refresher may take it before they commit. */
export const uniqueMarks = async ({ sql }: World) => {
  await sql`create unique index on segment_marks (account_id, bot_id, hour)`;
  await sql`
    create or replace function mark_segments(p_account uuid, p_before conversations[], p_after conversations[])
    returns void language plpgsql volatile as $$
    begin
      insert into segment_marks (account_id, bot_id, hour)
      select distinct p_account, coalesce(r.bot_id, ''), date_trunc('hour', r.start_time, 'UTC')
      from unnest(p_before || p_after) r where r.start_time is not null
      order by 2, 3 -- for otherwise two batches wait for each other
      on conflict do nothing;
    end $$`;
};

type PickSizes = (r: Parameters<Refresh>[1]) => Sizes;

/** Builds what is marked on the day that has waited longest, and leaves the marks. */
async function buildMarked(sql: Sql, sizes: Sizes): Promise<{ day: string; newest: number } | null> {
  const marks = await sql<(Mark & { day: string; mark_id: number })[]>`
    with waiting as (
      select date_trunc('day', hour, 'UTC') as day from segment_marks where account_id = ${ACCOUNT}::uuid
      order by mark_id limit 1
    )
    select m.bot_id, m.hour::text, w.day::text, m.mark_id from segment_marks m, waiting w
    where m.account_id = ${ACCOUNT}::uuid and m.hour >= w.day and m.hour < w.day + interval '1 day'`;
  const [first] = marks;
  if (first === undefined) return null;
  await build(sql, ACCOUNT, first.day, marks, sizes);
  return { day: first.day, newest: Math.max(...marks.map(({ mark_id }) => mark_id)) };
}

const marksOf = (sql: Sql, day: string) => sql`
  account_id = ${ACCOUNT}::uuid and hour >= ${day}::text::timestamptz and hour < ${day}::text::timestamptz + interval '1 day'`;

/** Builds before it deletes the marks, in read committed: some of those were committed only after the day was read. */
export const buildingFirst =
  (pickSizes: PickSizes): Refresh =>
  (_, r, { sql: connection }) =>
    connection.begin(async (tx) => {
      const sql = tx as unknown as Sql;
      const built = await buildMarked(sql, pickSizes(r));
      if (built !== null) await sql`delete from segment_marks where ${marksOf(sql, built.day)}`;
      return built;
    });

/** Builds within one snapshot and deletes the marks that are no newer than those in it: an older one may be committed later. */
export const deletingByAge =
  (pickSizes: PickSizes): Refresh =>
  async (_, r, { sql }) => {
    const built = await sql.begin('isolation level repeatable read', (tx) =>
      buildMarked(tx as unknown as Sql, pickSizes(r)),
    );
    if (built === null) return null;
    await delay(100); // the fault is the same without, and seen later
    await sql`delete from segment_marks where ${marksOf(sql, built.day)} and mark_id <= ${built.newest}`;
    return built;
  };
