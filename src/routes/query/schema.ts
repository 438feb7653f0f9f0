import { type Static, Type } from '@sinclair/typebox';
import { Bom, Choice, Format, strict } from '../../http/parameters.js';

export const QueryParameters = strict({ format: Format, bom: Bom });

const Unit = Type.Unsafe<'seconds' | 'ratio' | 'count' | 'money' | null>({
  type: ['string', 'null'],
  enum: ['seconds', 'ratio', 'count', 'money', null],
  description: 'Unit of the numbers; null if there is none',
});

const Column = Type.Object(
  {
    name: Type.String({ description: 'time, a dimension of group_by, is_others, or a measure' }),
    type: Choice(['time', 'text', 'number', 'boolean'] as const, 'Type of the values'),
    unit: Unit,
  },
  { $id: 'QueryColumn' },
);

const CellValue = Type.Unsafe<string | number | boolean | null>({
  anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'null' }],
});

const whole = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], format: 'int64', description });

const Explanation = Type.Object(
  {
    road: Choice(
      ['segments', 'raw'] as const,
      'What the answer was read from: prepared segments, or the conversations',
    ),
    reason: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Why segments could not answer' }),
    segments: whole('Segments that were read'),
    rows: Type.Integer({ format: 'int64' }),
    bytes: whole('Bytes of the segments'),
    milliseconds: Type.Number({ format: 'double', description: 'Time to find the answer' }),
  },
  { $id: 'QueryExplanation' },
);

export const QueryAnswer = Type.Object(
  {
    columns: Type.Array(Column),
    rows: Type.Array(Type.Array(CellValue), { description: 'One value per column' }),
    notices: Type.Array(Type.String(), { description: 'Notices on how to read the numbers' }),
    explain: Type.Optional(Explanation),
  },
  { $id: 'QueryAnswer' },
);
export type QueryAnswer = Static<typeof QueryAnswer>;

const CatalogueDataset = Type.Object(
  {
    name: Type.String(),
    means: Type.String({ description: 'What a row is' }),
    counts_at: Type.String({ description: 'The time at which a row counts' }),
    dimensions: Type.Array(
      Type.Object({
        name: Type.String(),
        means: Type.String(),
        type: Choice(['text', 'number', 'boolean'] as const, 'Type of its values'),
        many: Type.Boolean({ description: 'A list of values rather than one' }),
      }),
      { description: 'Fields to group by, filter on and count distinct' },
    ),
    numbers: Type.Array(Type.Object({ name: Type.String(), means: Type.String(), unit: Unit }), {
      description: 'Fields that can be aggregated',
    }),
    measures: Type.Array(Type.Object({ name: Type.String(), means: Type.String(), unit: Unit }), {
      description: 'Predefined measures',
    }),
  },
  { $id: 'CatalogueDataset' },
);

export const CatalogueAnswer = Type.Object({ datasets: Type.Array(CatalogueDataset) });
export type CatalogueAnswer = Static<typeof CatalogueAnswer>;
