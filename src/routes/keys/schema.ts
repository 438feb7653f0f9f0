import { type Static, Type } from '@sinclair/typebox';
import { permissions } from '../../auth/keys.js';
import { Choice, Id, strict } from '../../http/parameters.js';

const Ids = (description: string) => Type.Union([Type.Array(Type.String()), Type.Null()], { description });

/** What every answer about a key says of it. */
export const whatKeyMay = {
  key_id: Type.String({ description: 'The key, without its secret' }),
  name: Type.String({ description: 'The description of the key' }),
  permissions: Type.Array(Choice(permissions, 'A permission'), {
    description: 'The permissions of the key; `admin` includes the others',
  }),
  team_ids: Ids('The teams to which the key is restricted; null for all'),
  bot_ids: Ids('The bots to which the key is restricted; null for all'),
};

const keyFields = {
  ...whatKeyMay,
  created_at: Type.String({ description: 'When it was created, in UTC' }),
  revoked_at: Type.Union([Type.String(), Type.Null()], {
    description: 'When it was revoked, in UTC; null while it is active',
  }),
};

export const KeysAnswer = Type.Object({ keys: Type.Array(Type.Object(keyFields)) });
export type KeysAnswer = Static<typeof KeysAnswer>;

export const CreatedKey = Type.Object({
  ...keyFields,
  key: Type.String({ description: 'The key as it is sent, `key_id:secret`; it cannot be shown again' }),
});
export type CreatedKey = Static<typeof CreatedKey>;

export const KeyParams = strict({ key_id: Id('The key, without its secret') });
