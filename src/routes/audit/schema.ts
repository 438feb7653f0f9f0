import { type Static, Type } from '@sinclair/typebox';
import { Choice, strict } from '../../http/parameters.js';
import { actions } from '../../queries/audit.js';

const TextOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

export const AuditQuery = strict({
  limit: Type.Optional(
    Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: 200,
      default: 50,
      description: 'Maximum number of entries in a page',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_200, description: 'next_cursor of the previous page' }),
  ),
});

const AuditEntry = Type.Object(
  {
    time: Type.String({ description: 'When it was done, in UTC' }),
    action: Choice(actions, 'What was done'),
    done_by: Choice(
      ['key', 'command', 'service'] as const,
      'A key, a person at the command line, or the service itself',
    ),
    key_id: TextOrNull('The key that did it; null if no key did'),
    subject: TextOrNull('The key, link, source or erasure; null if there is none'),
    conversations: Type.Union([Type.Integer({ format: 'int64' }), Type.Null()], {
      description: 'Conversations that were erased or removed; null for other actions',
    }),
  },
  { $id: 'AuditEntry' },
);

export const AuditAnswer = Type.Object({
  entries: Type.Array(AuditEntry),
  next_cursor: TextOrNull('Cursor of the next page; null at the end'),
});
export type AuditAnswer = Static<typeof AuditAnswer>;
