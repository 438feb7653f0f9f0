import type { Sql } from '../../database/connect.js';
import { markWhere } from '../segments/mark.js';
import type { Matcher } from './person.js';

/**
 * Whether transactions of the service still run that began before a time: they may not have seen what was committed by then.
 */
export async function isWaitingFor(sql: Sql, since: string): Promise<boolean> {
  const older = await sql`
    select from pg_stat_activity
    where datname = current_database() and application_name = 'conversation-reports'
      and xact_start < ${since}::text::timestamptz and pid <> pg_backend_pid()
    limit 1`;
  return older.length > 0;
}

/** Columns of segments whose words may name a person. */
const worded = ['user_id', 'campaign_id', 'campaign_source', 'intent', 'collection_id'] as const;

/**
 * Takes a person out of what is not derived from events: the words of segments, the deliveries that sources keep, and links.
 * All events are rewritten by now, and no transaction runs that began before.
 */
export async function settle(sql: Sql, account: string, by: Matcher): Promise<void> {
  for (const column of worded) await renameWords(sql, account, by, column);
  // A delivery that was kept has no known author, and its text may be cut: all go.
  await sql`delete from source_deliveries where account_id = ${account}::uuid`;
  const links = await sql<{ link_id: string; name: string; report: string | null; query: string | null }[]>`
    select link_id, name, report, query from links where account_id = ${account}::uuid`;
  const gone = links.filter((link) => isAbout(link, by)).map(({ link_id }) => link_id);
  if (gone.length > 0) {
    await sql`delete from links where account_id = ${account}::uuid and link_id = any(${gone}::text[])`;
  }
}

/**
 * Renames the words of a person. A word keeps its code, which segments may still have that are marked and not yet built
 * again. A word of a conversation that arrived since is in use, and stays.
 */
async function renameWords(sql: Sql, account: string, by: Matcher, column: (typeof worded)[number]): Promise<void> {
  const words = await sql<{ value: string }[]>`
    select value from dictionary where account_id = ${account}::uuid and dimension = ${column}`;
  const renamed = words.flatMap(({ value }) => {
    const to = column === 'user_id' ? (by.is(value) ? by.standIn(value) : value) : by.inLabel(value);
    return to === value ? [] : [{ value, to }];
  });
  if (renamed.length === 0) return;
  const used = await usedOf(
    sql,
    account,
    column,
    renamed.map(({ value }) => value),
  );
  const free = renamed.filter(({ value }) => !used.some((one) => one.value === value));
  for (const { value, to } of free) {
    await sql`
      update dictionary d set value = case when exists (
          select from dictionary o where o.account_id = ${account}::uuid and o.dimension = ${column} and o.value = ${to}
        ) then ${to} || '~' || code::text else ${to} end
      where account_id = ${account}::uuid and dimension = ${column} and value = ${value}`;
  }
}

/** Which of these words of a column stand in conversations or messages. */
function usedOf(sql: Sql, account: string, column: (typeof worded)[number], words: string[]) {
  switch (column) {
    case 'user_id':
      return sql<{ value: string }[]>`
        select distinct u.value from conversations c cross join unnest(c.users || c.user_id) u (value)
        where c.account_id = ${account}::uuid and u.value = any(${words}::text[])`;
    case 'intent':
    case 'collection_id':
      return sql<{ value: string }[]>`
        select distinct body->>${column} as value from events
        where account_id = ${account}::uuid and type = 'message' and body->>${column} = any(${words}::text[])`;
    default:
      return sql<{ value: string }[]>`
        select distinct ${sql(column)} as value from conversations
        where account_id = ${account}::uuid and ${sql(column)} = any(${words}::text[])`;
  }
}

/** Whether a link asks for a person, or its name tells one. */
function isAbout({ name, report, query }: { name: string; report: string | null; query: string | null }, by: Matcher) {
  const texts = [name, ...(query === null ? [] : textsIn(query)), ...(report === null ? [] : partsOf(report))];
  return texts.some((text) => (text.length >= 3 && by.is(text)) || by.inLabel(text) !== text);
}

/** The parts of the address of a report that may name a person. */
function partsOf(report: string): string[] {
  const url = new URL(report, 'http://localhost');
  const parts = url.pathname.split('/').map(decodeURIComponent);
  for (const name of ['user_id', 'q']) parts.push(...url.searchParams.getAll(name));
  return [...parts, ...url.searchParams.getAll('filter').flatMap(textsIn)];
}

/** Every text in a JSON document. */
function textsIn(json: string): string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string') found.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk);
  };
  walk(JSON.parse(json));
  return found;
}

/**
 * Marks the segments of conversations that arrived since with an identifier of the person: one may have been built with a word
 * that was renamed meanwhile.
 */
export async function markNew(sql: Sql, account: string, by: Matcher): Promise<void> {
  const ids = [...by.person.strong, ...by.person.weak];
  await markWhere(
    sql,
    sql`c.account_id = ${account}::uuid and (c.user_id = any(${ids}::text[]) or c.users && ${ids}::text[])`,
  );
}
