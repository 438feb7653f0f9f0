import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { DataTable, pictureOf } from '../charts/data-table.js';
import { allOf, equals, is, isSet, scopeFilter } from '../filter.js';
import { useLoad } from '../load.js';
import { Panel } from '../parts/panel.js';
import { common, comparison } from '../questions.js';
import { rangeName, rangeOf } from '../range.js';
import { type ApiRequest, question } from '../request.js';
import { hrefOf, state } from '../state.js';
import { type Row, rowsOf } from '../table.js';
import type { QueryAnswer, QueryBody } from '../types.js';

const title = 'Agents';

const columns = [
  { name: 'messages', label: 'Messages', unit: 'count' },
  { name: 'conversations', label: 'Conversations', unit: 'count' },
  { name: 'response_p50', label: 'Answers in, median', unit: 'seconds', good: -1 },
  { name: 'response_p90', label: 'p90', unit: 'seconds', good: -1 },
  { name: 'resolution_p50', label: 'Resolved in, median', unit: 'seconds', good: -1 },
  { name: 'csat', label: 'CSAT', unit: 'ratio', good: 1 },
] as const;

/** What agents wrote, at the time of their messages; and how their conversations went, at the start of these. */
function requestsOf(sort: string): ApiRequest[] {
  const scope = scopeFilter(state.value);
  const ofAgents = allOf([...(scope ? [scope] : []), is('sender', 'agent'), isSet('sender_id')]);
  const writing: QueryBody = {
    dataset: 'messages',
    ...rangeOf(state.value),
    measures: [
      'messages',
      'conversations',
      { aggregate: 'percentile', of: 'response_seconds', p: 50, as: 'response_p50' },
      { aggregate: 'percentile', of: 'response_seconds', p: 90, as: 'response_p90' },
    ],
    group_by: ['sender_id'],
    ...(ofAgents ? { filter: ofAgents } : {}),
    order_by: [{ by: sort }],
    ...comparison(),
  };
  const results: QueryBody = {
    ...common(),
    measures: ['csat', { aggregate: 'percentile', of: 'resolution_seconds', p: 50, as: 'resolution_p50' }],
    group_by: ['agent_ids'],
    filter: allOf([...(scope ? [scope] : []), is('is_contained', 'false')]) as NonNullable<QueryBody['filter']>,
    ...comparison(),
  };
  return [question(writing), question(results)];
}

/** The columns that the first question can be ordered by. */
const sortable = columns.slice(0, 4).map(({ name }) => name as string);

/** Who answered how much, how fast, and how people liked it. */
export function Agents() {
  const [sort, setSort] = useState('messages');
  const requests = requestsOf(sort);
  const loaded = useLoad(requests, async (signal): Promise<Row[]> => {
    const [writing, results] = await Promise.all(requests.map((one) => ask<QueryAnswer>(one, signal)));
    const byAgent = new Map(rowsOf(results as QueryAnswer).map((row) => [row.agent_ids, row]));
    return rowsOf(writing as QueryAnswer).map((row) => ({ ...byAgent.get(row.sender_id ?? null), ...row }));
  });
  const tableOf = (rows: Row[]) => ({
    group: { name: 'sender_id', label: 'Agent' },
    columns: [...columns],
    rows,
    bars: 'messages',
  });
  return (
    <Panel
      title={title}
      isWide
      loaded={loaded}
      requests={requests}
      isEmpty={(rows) => rows.length === 0}
      empty="No agent wrote in this range."
      png={(rows) => pictureOf(title, rangeName(state.value), tableOf(rows))}
    >
      {(rows) => (
        <>
          <DataTable
            {...tableOf(rows)}
            href={(row) => hrefOf({ view: 'conversations', where: [equals('agent_ids', row.sender_id ?? null)] })}
            sort={{ by: sort, set: setSort, names: sortable }}
          />
          <p class="hint">
            Messages count when they were written. CSAT and resolution are of the conversations that began in the range
            and in which the agent took part.
          </p>
        </>
      )}
    </Panel>
  );
}
