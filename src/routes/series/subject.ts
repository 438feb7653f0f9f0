import type { Database } from '../../database/database.js';
import { NotFound } from '../../errors.js';
import type { SharedFilter } from '../../http/filters/shared.js';
import type { Caller } from '../../http/operation.js';
import type { Dataset } from '../../queries/catalogue.js';
import type { Presence } from '../../queries/presence.js';
import type { Query, QueryOf, Table } from '../../queries/query.js';
import { run, type SizePaths } from '../../queries/run.js';

/** Whose conversations an operation is about. */
export type Subject = { bot_id: string; version: string } | { team_id: string };

/** The subject that the path of a request names; the query of a bot's operation names the version. */
export const subjectOf = (params: { bot_id: string } | { team_id: string }, query: object): Subject =>
  'team_id' in params
    ? { team_id: params.team_id }
    : { bot_id: params.bot_id, version: (query as { version: string }).version };

const is = (dimension: 'bot_id' | 'bot_version' | 'team_id', value: string): SharedFilter => ({
  op: 'in',
  dimension,
  values: [value],
});

export const filtersOf = (subject: Subject): SharedFilter[] =>
  'team_id' in subject
    ? [is('team_id', subject.team_id)]
    : [is('bot_id', subject.bot_id), is('bot_version', subject.version)];

/** The presence checks for a subject: they run with the report, and `checkPresence` evaluates them. */
export const presenceOf = (subject: Subject): Presence[] =>
  'team_id' in subject
    ? [{ kind: 'team', id: subject.team_id }]
    : [
        { kind: 'bot', id: subject.bot_id },
        { kind: 'version', bot: subject.bot_id, id: subject.version },
      ];

/** Throws `NotFound` for a bot or team that is unknown to the caller, and adds a notice for an unknown version. */
export function checkPresence(
  subject: Subject,
  [isKnown, isVersionSeen]: boolean[],
  { notice }: Pick<Caller, 'notice'>,
) {
  if ('team_id' in subject) {
    if (!isKnown) throw new NotFound(`there is no team ${subject.team_id}`);
    return;
  }
  if (!isKnown) throw new NotFound(`there is no bot ${subject.bot_id}`);
  if (!isVersionSeen) {
    notice(`no conversation of this bot has the version ${encodeURIComponent(subject.version)}`);
  }
}

/** Runs a query over the rows of a subject that match `filters`. */
export async function runOf<D extends Exclude<Dataset, 'participations'>>(
  db: Database,
  caller: Caller,
  subject: Subject,
  query: Omit<QueryOf<D>, 'scope' | 'where' | 'presence'> & { filters: QueryOf<D>['where'][] },
  paths: SizePaths,
): Promise<Table> {
  const { filters, ...rest } = query;
  const where = { op: 'and', of: [...filtersOf(subject), ...filters] };
  const scoped = { ...rest, scope: caller.scope, where, presence: presenceOf(subject) } as unknown as Query; // of D
  const table = await run(db, scoped, caller.asOf, paths);
  checkPresence(subject, table.present, caller);
  return table;
}
