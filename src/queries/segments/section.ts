import type { Fragment, Sql } from '../../database/connect.js';
import type { Dataset, DimensionOf, NumberOf } from '../catalogue.js';
import type { SegmentField, StoredColumn } from './columns.js';
import { conversations } from './conversations.js';
import { messages } from './messages.js';
import { participations } from './participations.js';

/** The name of a column of a section. */
export type ColumnName = string;

/** The rows of one dataset in a segment. Sections of a segment are about the same conversations. */
export interface Section<D extends Dataset = Dataset, Column extends ColumnName = ColumnName> {
  /** What its columns of `conversation_segments` begin with; `row_count` is one of them. */
  prefix: string;
  /** What to join to conversations `c` so that there is a row for each of the dataset's. */
  rows(sql: Sql, account: string): Fragment;
  columns: Record<Column, StoredColumn>;
  /** Whether rows count at times of their own, which may lie outside of the hours of their segment. */
  hasOwnTimes?: true;
  /** The fields that a key's restriction to teams and bots of conversations is about. */
  restricted: { teams: string; bots: string };
  /** How the dimensions and numbers of the catalogue that this section knows are read. */
  fields: Partial<Record<DimensionOf<D> | NumberOf<D>, SegmentField<Column>>> & Record<string, SegmentField<Column>>;
}

/** The datasets that segments hold. */
export const sections = { conversations, participations, messages } satisfies { [D in Dataset]?: Section<D> };

export const sectionOf = (dataset: Dataset): Section | null =>
  Object.hasOwn(sections, dataset) ? (sections[dataset as keyof typeof sections] as Section) : null;

export const fieldNamed = ({ fields }: Section, name: string): SegmentField | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

export function columnOf({ columns }: Section, name: ColumnName): StoredColumn {
  const column = columns[name];
  if (column === undefined) throw new TypeError(`a section has no column ${name}`);
  return column;
}

/** The column of `conversation_segments` behind one of a section. */
export const storedName = (section: Section, name: ColumnName): string => `${section.prefix}${name}`;

/** The columns with the range of time in which the rows of a section lie, in whole hours. */
export const spanOf = ({ prefix, hasOwnTimes }: Section): { from: string; to: string } =>
  hasOwnTimes ? { from: `${prefix}from`, to: `${prefix}to` } : { from: 'from_time', to: 'to_time' };
