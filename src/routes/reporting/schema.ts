import { type Static, Type } from '@sinclair/typebox';
import { Bom, Choice, Format, Id, strict } from '../../http/parameters.js';

export const OrganizationParams = Type.Object({
  organization_id: Id('The account, or an organization whose agents wrote in its conversations'),
});

export const ReportQuery = strict({ format: Format, bom: Bom });

const Field = Type.Object(
  {
    name: Type.String({ description: 'start_time, a dimension of group_by, or an aggregation' }),
    type: Choice(['dimension', 'metric'], 'dimension for start_time and groups, metric for aggregations'),
  },
  { $id: 'ReportField' },
);

export const ReportAnswer = Type.Object(
  {
    fields: Type.Array(Field, { description: 'The columns of the rows' }),
    data: Type.Array(Type.Array(Type.Unsafe<string | number | null>({ type: ['string', 'number', 'null'] })), {
      description: 'Rows, ordered by time, then by groups, nulls last',
    }),
  },
  { $id: 'ReportAnswer' },
);
export type ReportAnswer = Static<typeof ReportAnswer>;
