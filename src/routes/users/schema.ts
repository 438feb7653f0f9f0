import { type Static, Type } from '@sinclair/typebox';
import { Choice, Id, strict } from '../../http/parameters.js';

export const UserParams = strict({ user_id: Id('The user, or another identifier of a person') });

export const ErasureParams = strict({ erasure_id: Id('The erasure') });

export const ErasureAnswer = Type.Object(
  {
    erasure_id: Type.String({ description: 'The erasure' }),
    stand_in: Type.String({ description: 'What takes the place of the user' }),
    state: Choice(['running', 'ended'] as const, '`ended`: nothing of the person is left'),
    key_id: Type.String({ description: 'The key that asked for it' }),
    requested_at: Type.String({ description: 'When it was asked for, in UTC' }),
    ended_at: Type.Union([Type.String(), Type.Null()], { description: 'When it ended, in UTC; null while it runs' }),
    conversations: Type.Integer({ format: 'int64', description: 'Conversations in which the person stood, so far' }),
    events: Type.Integer({ format: 'int64', description: 'Events that were changed, so far' }),
  },
  { $id: 'Erasure' },
);
export type ErasureAnswer = Static<typeof ErasureAnswer>;

export const ExportAnswer = Type.Object(
  {
    user_id: Type.String({ description: 'The user' }),
    identifiers: Type.Array(Type.String(), { description: 'Other identifiers and addresses of the person' }),
    names: Type.Array(Type.String(), { description: 'Names of the person' }),
    events: Type.Array(Type.Unsafe<object>({ type: 'object', additionalProperties: true }), {
      description: 'Events, as `POST /v1/events` takes them',
    }),
    conversations: Type.Integer({ format: 'int64', description: 'In how many conversations the person stands' }),
  },
  { $id: 'UserExport' },
);
export type ExportAnswer = Static<typeof ExportAnswer>;
