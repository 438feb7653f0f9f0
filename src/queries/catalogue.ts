import { conversations } from './datasets/conversations.js';
import type { Dimension, NumberField } from './datasets/dataset.js';
import { messages } from './datasets/messages.js';
import { participations } from './datasets/participations.js';
import { transitions } from './datasets/transitions.js';

/** Every dataset of the core: what its rows are, and which dimensions, numbers and measures they have. */
export const datasets = { conversations, participations, messages, transitions } as const;

export type Dataset = keyof typeof datasets;

/** Names of the dimensions of a dataset. */
export type DimensionOf<D extends Dataset> = keyof (typeof datasets)[D]['dimensions'] & string;

/** Names of the numbers of a dataset. */
export type NumberOf<D extends Dataset> = keyof (typeof datasets)[D]['numbers'] & string;

/**
 * The field that a filter of this dataset means by a name: a dimension, else a number. Undefined for an unknown name.
 */
export function fieldOf(dataset: Dataset, name: string): Pick<Dimension, 'type' | 'many'> | undefined {
  const dimensions: Record<string, Dimension> = datasets[dataset].dimensions;
  if (Object.hasOwn(dimensions, name)) return dimensions[name];
  const numbers: Record<string, NumberField> = datasets[dataset].numbers;
  return Object.hasOwn(numbers, name) ? { type: 'number' } : undefined;
}

/** A field that a client may name, with its name and type in the core. */
export interface NamedField<Name extends string = string> extends Pick<Dimension, 'type' | 'many'> {
  name: Name;
}

/** Fields by the names that clients use. */
export type FieldNames<Name extends string = string> = ReadonlyMap<unknown, NamedField<Name>>;
