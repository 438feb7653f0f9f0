import { type Dataset, datasets, type FieldNames, fieldOf } from './catalogue.js';
import {
  clockDimensions,
  type DatasetDefinition,
  type Dimension,
  type NamedMeasure,
  type NumberField,
  type Unit,
} from './datasets/dataset.js';
import { identifiers, participationNames } from './datasets/participations.js';
import type { Measure } from './measure.js';

/** The datasets of `/v1/query`; the others are for the dialects only. */
export const askable = ['conversations', 'messages', 'participations'] as const satisfies Dataset[];
export type Askable = (typeof askable)[number];

/** The dimensions, numbers and measures of a dataset, by the names that clients use. */
export interface Vocabulary {
  definition: DatasetDefinition;
  /** Dimensions to group by, filter on and count distinct. */
  dimensions: FieldNames & ReadonlyMap<unknown, { description: string }>;
  /** Numbers to aggregate, each with its name in the core. */
  numbers: ReadonlyMap<unknown, NumberField & { name: string }>;
  measures: ReadonlyMap<unknown, NamedMeasure>;
}

type Listed<T> = [string, T & { name: string }];

/** The entries of a table that are not internal. */
function listed<T extends { internal?: true }>(table: Record<string, T>): Listed<T>[] {
  return Object.entries(table).flatMap(([name, field]): Listed<T>[] =>
    field.internal === true ? [] : [[name, { ...field, name }]],
  );
}

function ownVocabulary(dataset: 'conversations' | 'messages'): Vocabulary {
  const definition: DatasetDefinition = datasets[dataset];
  return {
    definition,
    dimensions: new Map(listed<Dimension>(definition.dimensions)),
    numbers: new Map(listed<NumberField>(definition.numbers)),
    measures: new Map(Object.entries(definition.measures)),
  };
}

/** Participations use the names of the reporting dialect, and have its aggregations as measures. */
function participationVocabulary(): Vocabulary {
  const { dimensions, numbers } = datasets.participations;
  const names = [
    ...Object.entries(participationNames),
    ...Object.keys(clockDimensions).map((name) => [name, name] as const),
  ];
  const measured = Object.entries(participationNames).flatMap(([own, name]) =>
    name in numbers ? [[own, { ...numbers[name as keyof typeof numbers], name }] as const] : [],
  );
  const aggregated = measured.flatMap(([own, { name, description, unit }]) =>
    (['sum', 'avg', 'min', 'max'] as const).map((aggregate): [string, NamedMeasure] => [
      `${own}_${aggregate}`,
      { description: `${aggregate} of: ${description}`, ...measureOf({ aggregate, of: name }, unit) },
    ]),
  );
  const distinct = identifiers.flatMap((own) =>
    ['distinct_count', 'hyper_unique'].map((suffix): [string, NamedMeasure] => [
      `${own}_${suffix}`,
      {
        description: 'distinct values, exact',
        ...measureOf({ aggregate: 'distinct', of: participationNames[own] }, null),
      },
    ]),
  );
  return {
    definition: datasets.participations,
    dimensions: new Map(
      names.map(([own, name]) => [
        own,
        {
          name,
          description: dimensions[name as keyof typeof dimensions].description,
          ...(fieldOf('participations', name) as Field),
        },
      ]),
    ),
    numbers: new Map(measured),
    measures: new Map([...Object.entries(datasets.participations.measures), ...aggregated, ...distinct]),
  };
}

type Field = NonNullable<ReturnType<typeof fieldOf>>;

const measureOf = (measure: Measure, unit: Unit) => ({ measure, unit: unitOf(measure, unit) });

/** The unit of a measure, from its aggregate and the unit of its field. */
export function unitOf({ aggregate }: Measure, of: Unit): Unit {
  if (aggregate === 'count' || aggregate === 'distinct') return 'count';
  if (aggregate === 'share') return 'ratio';
  return of === 'count' && aggregate !== 'sum' ? null : of;
}

export const vocabularies: Record<Askable, Vocabulary> = {
  conversations: ownVocabulary('conversations'),
  messages: ownVocabulary('messages'),
  participations: participationVocabulary(),
};
