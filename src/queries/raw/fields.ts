import type { Fragment, Sql } from '../../database/connect.js';
import { type Dataset, fieldOf } from '../catalogue.js';
import type { Fields } from '../condition.js';
import { conversations } from './conversations.js';
import type { Column, Context, RawDataset } from './dataset.js';
import { messages } from './messages.js';
import { participations } from './participations.js';
import { transitions } from './transitions.js';

/** How the raw road computes each dataset. */
export const rawDatasets: { [D in Dataset]: RawDataset<D> } = { conversations, participations, messages, transitions };

/**
 * What can be computed over rows `c`: their fields, and the sorted currencies behind a sum of money (null for other
 * numbers).
 */
export interface Source {
  fields: Fields;
  currencies(name: string): Fragment | null;
}

/** The source of a dataset on the raw road. */
export const sourceOf = (sql: Sql, dataset: Dataset, context: Context): Source => ({
  fields: fieldsOf(sql, dataset, context),
  currencies(name) {
    const { currencies = {} }: { currencies?: Record<string, Column | undefined> } = rawDatasets[dataset];
    return currencies[name]?.(sql, context) ?? null;
  },
});

/** The fields of a dataset as the raw road computes them from a row `c`. */
export function fieldsOf(sql: Sql, dataset: Dataset, context: Context): Fields {
  const { dimensions, numbers }: { dimensions: Record<string, Column>; numbers: Record<string, Column> } =
    rawDatasets[dataset];
  return (name) => {
    const field = fieldOf(dataset, name);
    const column = dimensions[name] ?? numbers[name];
    if (field === undefined || column === undefined) throw new TypeError(`${dataset} have no ${name}`);
    return { ...field, value: column(sql, context) };
  };
}
