import { DataTable, pictureOf } from '../charts/data-table.js';
import { allOf, isSet, scopeFilter } from '../filter.js';
import { useAnswer } from '../load.js';
import { Panel } from '../parts/panel.js';
import { comparison } from '../questions.js';
import { rangeName, rangeOf } from '../range.js';
import { question } from '../request.js';
import { hrefOf, state } from '../state.js';
import { rowsOf } from '../table.js';
import type { QueryAnswer } from '../types.js';

const title = 'Intents';

const columns = [
  { name: 'messages', label: 'Messages', unit: 'count' },
  { name: 'conversations', label: 'Conversations', unit: 'count' },
  { name: 'confidence', label: 'Confidence, mean', unit: 'ratio', good: 1 },
] as const;

/** What people want, and how sure the bot is of it. */
export function Intents() {
  const scope = scopeFilter(state.value);
  const request = question({
    dataset: 'messages',
    ...rangeOf(state.value),
    measures: ['messages', 'conversations', { aggregate: 'avg', of: 'confidence', as: 'confidence' }],
    group_by: ['intent'],
    filter: allOf([...(scope ? [scope] : []), isSet('intent')]) ?? isSet('intent'),
    order_by: [{ by: 'messages' }],
    limit: 50,
    others: true,
    ...comparison(),
  });
  const loaded = useAnswer<QueryAnswer>(request);
  const tableOf = (answer: QueryAnswer) => ({
    group: { name: 'intent', label: 'Intent' },
    columns: [...columns],
    rows: rowsOf(answer),
    bars: 'messages',
  });
  return (
    <Panel
      title={title}
      isWide
      loaded={loaded}
      requests={[request]}
      isEmpty={({ rows }) => rows.length === 0}
      empty="No message names an intent in this range. Senders say it in the field intent of a message."
      png={(answer) => pictureOf(title, rangeName(state.value), tableOf(answer))}
    >
      {(answer) => (
        <DataTable
          {...tableOf(answer)}
          href={(row) => (row.is_others ? undefined : hrefOf({ view: 'conversations', intent: String(row.intent) }))}
        />
      )}
    </Panel>
  );
}
