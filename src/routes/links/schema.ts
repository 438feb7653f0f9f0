import { type Static, Type } from '@sinclair/typebox';
import { Bom, Choice, Id, strict } from '../../http/parameters.js';

const TextOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

const linkFields = {
  link_id: Type.String({ description: 'The link, without its secret' }),
  name: Type.String({ description: 'A description' }),
  key_id: Type.String({ description: 'The key that made it' }),
  report: TextOrNull('Path and query of a report; null if it reads a query'),
  query: Type.Unsafe<object | null>({
    type: ['object', 'null'],
    additionalProperties: true,
    description: 'The body of `POST /v1/query`; null if it reads a report',
  }),
  created_at: Type.String({ description: 'When it was made, in UTC' }),
  expires_at: TextOrNull('When it ends, in UTC; null for never'),
  is_active: Type.Boolean({ description: 'Whether it answers: it has not ended, and its key is not revoked' }),
};

export const LinksAnswer = Type.Object({ links: Type.Array(Type.Object(linkFields)) });
export type LinksAnswer = Static<typeof LinksAnswer>;

export const CreatedLink = Type.Object({
  ...linkFields,
  path: Type.String({ description: 'The path of the address on this service; it cannot be shown again' }),
});
export type CreatedLink = Static<typeof CreatedLink>;

export const LinkParams = strict({ link_id: Id('The link') });

export const SharedParams = strict({ token: Id('The secret of the link') });

export const SharedQuery = strict({
  format: Type.Optional(Choice(['json', 'csv'] as const, 'Format of the answer; CSV by default')),
  bom: Bom,
});
