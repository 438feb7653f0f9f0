import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';
import { condition } from '../condition.js';
import type { Measure } from '../measure.js';
import type { Source } from './fields.js';

/** The SQL for the numbers of a group, over rows `c`. */
export interface Cells {
  /** One for each measure. */
  cells: Fragment[];
  /** What must be joined to the rows. */
  join: Fragment;
  /** Whether the orders behind a sum of money have different currencies. */
  mixed: Fragment;
}

/** `only` restricts every measure. */
export function cellsOf(sql: Sql, measures: Measure[], { fields, currencies }: Source, only?: Fragment): Cells {
  const isMany = (name: string) => fields(name).many === true;
  const distinct = measures.flatMap((measure) => (measure.aggregate === 'distinct' ? measure.of : []));
  const lists = [...new Set(distinct)].filter(isMany);
  const onlyOnce = lists.length === 0 ? [] : [sql`coalesce(v.line, 1) = 1`];

  function filtered(measure: Measure, more: Fragment[]): Fragment {
    const own = measure.filter === undefined ? [] : [condition(sql, measure.filter, fields)];
    const [first, ...rest] = [...own, ...(only === undefined ? [] : [only]), ...more];
    if (first === undefined) return sql``;
    return sql` filter (where ${first}${concat(
      sql,
      rest.map((one) => sql` and ${one}`),
    )})`;
  }

  function cellOf(measure: Measure): Fragment {
    if (measure.aggregate === 'distinct') {
      const list = lists.indexOf(measure.of);
      if (list !== -1) return sql`count(distinct ${sql(`v.v${list}`)})${filtered(measure, [])}`;
    }
    const filter = filtered(measure, onlyOnce);
    switch (measure.aggregate) {
      case 'count': {
        if (measure.of === undefined) return sql`count(*)${filter}`;
        const { many, value } = fields(measure.of);
        return sql`count(${many ? sql`nullif(cardinality(${value}), 0)` : value})${filter}`;
      }
      case 'sum':
        return sql`coalesce(sum(${fields(measure.of).value})${filter}, 0)::numeric`;
      case 'avg':
        return sql`avg(${fields(measure.of).value})${filter}`;
      case 'min':
        return sql`min(${fields(measure.of).value})${filter}`;
      case 'max':
        return sql`max(${fields(measure.of).value})${filter}`;
      case 'percentile':
        return sql`percentile_cont(${String(measure.p / 100)}::text::double precision)
          within group (order by ${fields(measure.of).value}::double precision)${filter}`;
      case 'distinct':
        return sql`count(distinct ${fields(measure.of).value})${filter}`;
      case 'share':
        return sql`avg(case when ${condition(sql, measure.where, fields)} then 1 else 0 end)${filter}`;
    }
  }

  const mixed = measures.flatMap((measure) => {
    if (!('of' in measure) || measure.of === undefined) return [];
    if (measure.aggregate === 'distinct' || measure.aggregate === 'count') return [];
    const list = currencies(measure.of);
    if (list === null) return [];
    const filter = filtered(measure, []);
    // A row's currencies are sorted.
    return [sql`min((${list})[1])${filter} is distinct from max((${list})[cardinality(${list})])${filter} or `];
  });

  return {
    cells: measures.map(cellOf),
    join: sideBySide(
      sql,
      lists.map((name) => fields(name).value),
    ),
    mixed: sql`(${concat(sql, mixed)}false)`,
  };
}

/**
 * Unnests lists in parallel, so that the distinct values of each can be counted in one pass. A row yields as many lines
 * as its longest list has values, and one line if all are empty. Everything else counts the first line only.
 */
function sideBySide(sql: Sql, [first, ...rest]: Fragment[]): Fragment {
  if (first === undefined) return sql``;
  const more = rest.map((list) => sql`, ${list}`);
  const names = [first, ...rest].map((_, n) => sql`${sql(`v${n}`)}, `);
  return sql` left join lateral unnest(${first}${concat(sql, more)}) with ordinality as v (${concat(sql, names)}line) on true`;
}
