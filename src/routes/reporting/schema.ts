import { type Static, Type } from '@sinclair/typebox';
import { Choice, Format, Id, strict } from '../../http/parameters.js';

export const OrganizationParams = Type.Object({
  organization_id: Id('The account, or an organization whose agents wrote in its conversations'),
});

export const ReportQuery = strict({ format: Format });

const Field = Type.Object(
  {
    name: Type.String({ description: 'start_time, a dimension of group_by, or an aggregation' }),
    type: Choice(['dimension', 'metric'], 'dimension for start_time and the groups, metric for the aggregations'),
  },
  { $id: 'ReportField' },
);

export const ReportAnswer = Type.Object(
  {
    fields: Type.Array(Field, { description: 'Names of the values of each row' }),
    data: Type.Array(Type.Array(Type.Unsafe<string | number | null>({ type: ['string', 'number', 'null'] })), {
      description: 'Rows: by time, then by the groups, nulls last',
    }),
  },
  { $id: 'ReportAnswer' },
);
export type ReportAnswer = Static<typeof ReportAnswer>;
