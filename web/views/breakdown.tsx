import { DataTable, pictureOf } from '../charts/data-table.js';
import { equals } from '../filter.js';
import { useAnswer } from '../load.js';
import { groups, measureOf } from '../measures.js';
import { Panel } from '../parts/panel.js';
import { common, comparison } from '../questions.js';
import { rangeName } from '../range.js';
import { question } from '../request.js';
import { hrefOf, state } from '../state.js';
import { rowsOf } from '../table.js';
import type { QueryAnswer } from '../types.js';

const columns = [
  { ...measureOf('conversations'), label: 'Conversations' },
  { ...measureOf('containment_rate'), label: 'Contained' },
  measureOf('csat'),
];

/** Conversations by one dimension, the largest groups first. */
export function Breakdown({ dimension }: { dimension: string }) {
  const word = groups[dimension] ?? dimension;
  const title = `By ${word}`;
  const request = question({
    ...common(),
    measures: columns.map(({ spec }) => spec),
    group_by: [dimension],
    order_by: [{ by: 'conversations' }],
    limit: 8,
    others: true,
    ...comparison(),
  });
  const loaded = useAnswer<QueryAnswer>(request);
  const tableOf = (answer: QueryAnswer) => ({
    group: { name: dimension, label: word.replace(/^./, (first) => first.toUpperCase()) },
    columns,
    rows: rowsOf(answer),
    bars: 'conversations',
  });
  return (
    <Panel
      title={title}
      loaded={loaded}
      requests={[request]}
      isEmpty={({ rows }) => rows.length === 0}
      png={(answer) => pictureOf(title, rangeName(state.value), tableOf(answer))}
    >
      {(answer) => (
        <DataTable
          {...tableOf(answer)}
          href={(row) =>
            row.is_others
              ? undefined
              : hrefOf({ view: 'conversations', where: [equals(dimension, row[dimension] ?? null)] })
          }
        />
      )}
    </Panel>
  );
}
