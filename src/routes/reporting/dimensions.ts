import { type DimensionOf, type FieldNames, fieldOf } from '../../queries/catalogue.js';
import { participationNames } from '../../queries/datasets/participations.js';

/** The dimensions by the names of the dialect. */
export const names: FieldNames<DimensionOf<'participations'>> = new Map(
  Object.entries(participationNames).map(([own, name]) => [
    own,
    { name, ...(fieldOf('participations', name) as NonNullable<ReturnType<typeof fieldOf>>) },
  ]),
);
