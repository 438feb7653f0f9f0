import { type Static, Type } from '@sinclair/typebox';
import { Id, strict } from '../../http/parameters.js';

const TextOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const Count = (description: string) => Type.Integer({ format: 'int32', description });
const AnyObject = (description: string) =>
  Type.Unsafe<object>({ type: 'object', additionalProperties: true, description });

const sourceFields = {
  source: Type.String({ description: 'Its name' }),
  key_id: Type.String({ description: 'The key that made or last changed it' }),
  preset: TextOrNull('The preset; null if it has a mapping'),
  mapping: Type.Unsafe<object | null>({
    type: ['object', 'null'],
    additionalProperties: true,
    description: 'The mapping; null if it has a preset',
  }),
  prefix: Type.String({ description: 'What stands before the ids of its conversations' }),
  set: AnyObject('Attributes of all its conversations'),
  signed_by: TextOrNull('The product whose signature each delivery must have; null for none'),
  created_at: Type.String({ description: 'When it was made, in UTC' }),
  last_delivery_at: TextOrNull('When the last delivery came, in UTC; null before the first'),
  is_active: Type.Boolean({ description: 'Whether its hook answers; its key is not revoked' }),
  deliveries: Count('Deliveries that were read'),
  accepted: Count('Events that were new and are stored'),
  duplicates: Count('Events that were stored already'),
  ignored: Count('Records and parts of records that are no events'),
  failed: Count('Faults of records and events that are not stored'),
};

export const SourceFields = Type.Object(sourceFields);
export type SourceFields = Static<typeof SourceFields>;

export const SourcesAnswer = Type.Object({ sources: Type.Array(SourceFields) });
export type SourcesAnswer = Static<typeof SourcesAnswer>;

const Kept = Type.Object({
  time: Type.String({ description: 'When it came, in UTC' }),
  ignored: Type.Array(Type.String(), { description: 'Why parts of it are no events; at most 10' }),
  faults: Type.Array(Type.String(), { description: 'What is wrong with parts of it; at most 10' }),
  body: Type.String({ description: 'What came, up to 4,000 characters' }),
});

export const SourceAnswer = Type.Object({
  ...sourceFields,
  recent: Type.Array(Kept, {
    description: 'The last deliveries with something ignored or failed, newest first; at most 100',
  }),
});
export type SourceAnswer = Static<typeof SourceAnswer>;

export const PutSource = Type.Object({
  ...sourceFields,
  path: TextOrNull(
    'The path of the hook on this service; it cannot be shown again. null where the source was there before',
  ),
});
export type PutSource = Static<typeof PutSource>;

export const SourceParams = strict({
  source: Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '^[a-zA-Z0-9._-]+$',
    description: 'The name of the source',
  }),
});

export const HookParams = strict({ token: Id('The secret of the source') });

export const HookAnswer = Type.Object({
  accepted: Count('Events that were new and are stored'),
  duplicates: Count('Events that were stored already'),
  ignored: Count('Records and parts of records that are no events'),
  failed: Count('Faults of records and events that are not stored'),
  challenge: Type.Optional(Type.String({ description: 'What Slack asked to hear' })),
});
export type HookAnswer = Static<typeof HookAnswer>;
