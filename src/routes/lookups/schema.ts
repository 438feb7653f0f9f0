import { type Static, type TSchema, type TUnsafe, Type } from '@sinclair/typebox';
import { Bom, Choice, Format, Id, List, strict, TimeText, TimeZone } from '../../http/parameters.js';
import { attributes, scalarAttributes } from '../../queries/ingest/fields.js';
import { alwaysKnown, type Scalars } from '../../queries/lookups/conversation.js';

const common = { time_zone: TimeZone, format: Format, bom: Bom };

export const ListQuery = strict(common);

export const ConversationsQuery = strict({
  start_time: Type.Optional(TimeText('Start of the range; open by default')),
  end_time: Type.Optional(TimeText('End of the range, exclusive; open by default')),
  bot_id: Type.Optional(Id('The bot')),
  version: Type.Optional(Id('Version of the bot')),
  team_id: Type.Optional(Id('The conversation’s team')),
  channel_type: Type.Optional(List('Channels, separated by commas or repeated; unknown matches a missing channel')),
  language: Type.Optional(List('Languages, separated by commas or repeated; unknown matches a missing language')),
  user_id: Type.Optional(Id('The visitor or customer')),
  agent_id: Type.Optional(Id('An agent who wrote or joined')),
  is_test: Type.Optional(Choice(['true', 'false'] as const, 'true: only tests; false: no tests; default: all')),
  state: Type.Optional(Choice(['open', 'closed'] as const, 'Only conversations that are open (or closed) now')),
  intent: Type.Optional(Id('An intent of one of its messages')),
  filter: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'A filter in JSON, in the language of POST /v1/query, over the dimensions of conversations',
    }),
  ),
  q: Type.Optional(
    Id('Substring of the conversation id or of the user’s id, name or e-mail address; case-insensitive'),
  ),
  limit: Type.Optional(
    Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: 200,
      description: 'Maximum number of rows in a page, default 50; a CSV without it is the whole list',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_200, description: 'next_cursor of the previous page' }),
  ),
  ...common,
});

export const ConversationParams = Type.Object({ conversation_id: Id('The conversation') });

export const ConversationQuery = strict({
  limit: Type.Optional(
    Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: 1_000,
      default: 1_000,
      description: 'Maximum number of messages and steps in a page, together',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_200, description: 'next_cursor of the previous page' }),
  ),
  time_zone: TimeZone,
});

const text = Type.String();
const texts = Type.Array(text);
const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
const nullable = orNull(text);
const count = Type.Integer({ format: 'int64' });
const int32 = Type.Integer({ format: 'int32' });

const held = { conversations: count, first_start_time: text, last_start_time: text };

const Bot = Type.Object(
  { bot_id: text, bot_versions: texts, channel_types: texts, languages: texts, team_ids: texts, ...held },
  { $id: 'Bot' },
);

const Team = Type.Object({ team_id: text, bot_ids: texts, ...held }, { $id: 'Team' });

export const BotsAnswer = Type.Object({ bots: Type.Array(Bot) });
export type BotsAnswer = Static<typeof BotsAnswer>;

export const TeamsAnswer = Type.Object({ teams: Type.Array(Team) });
export type TeamsAnswer = Static<typeof TeamsAnswer>;

const schemas: Record<string, TSchema> = { text, integer: int32, boolean: Type.Boolean() };

/** The attributes with a single value, in the order of their table. */
const scalars = Object.fromEntries(
  scalarAttributes.map((name) => {
    const schema = schemas[attributes[name]?.scalar ?? ''] as TSchema;
    return [name, alwaysKnown.some((one) => one === name) ? schema : orNull(schema)];
  }),
) as unknown as { [Name in keyof Scalars]: TUnsafe<Scalars[Name]> };

/** A row of the list; the order of its fields is the order of the CSV columns. */
const row = {
  conversation_id: text,
  ...scalars,
  start_time: text,
  end_time: text,
  duration_seconds: Type.Number({ format: 'double' }),
  state: Choice(['open', 'closed'] as const, 'At the time of the request'),
  closed_at: nullable,
  closed_reason: nullable,
  message_count: count,
  user_message_count: count,
  agent_ids: texts,
  rating: orNull(int32),
};

export const Conversation = Type.Object(row, { $id: 'Conversation' });
export type Conversation = Static<typeof Conversation>;

/** The names of the columns, in order. */
export const columns = Object.keys(row) as (keyof Conversation)[];

export const ConversationsAnswer = Type.Object({
  conversations: Type.Array(Conversation),
  next_cursor: orNull(text),
});
export type ConversationsAnswer = Static<typeof ConversationsAnswer>;

const seconds = Type.Number({ format: 'double' });
const anything = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true });

/** A message with its fields as sent; fields that were not sent are absent. */
const Message = Type.Object(
  {
    id: text,
    time: text,
    seq: int32,
    sender: Choice(['user', 'bot', 'agent'] as const, 'The author'),
    sender_id: Type.Optional(text),
    text: Type.Optional(text),
    content: Type.Optional(anything),
    response_time_seconds: orNull(seconds),
    edited_time: Type.Optional(text),
    deleted_time: Type.Optional(text),
  },
  { additionalProperties: true },
);

const Note = Type.Object({
  time: text,
  sender_id: nullable,
  sender_name: nullable,
  text: nullable,
  content: orNull(anything),
});

const DialogState = Type.Object({ id: Id('The state'), type: Id('Its kind') }, { additionalProperties: false });

const Step = Type.Object({
  id: text,
  time: text,
  seq: int32,
  from_step: Type.Optional(DialogState),
  to_step: DialogState,
  depth: int32,
  message_id: Type.Optional(text),
});

export const WholeConversation = Type.Object(
  {
    ...row,
    visitor_ids: texts,
    visitor_session_ids: texts,
    room_ids: texts,
    tags: orNull(texts),
    rule_ids: orNull(texts),
    insights: orNull(anything),
    metadata: orNull(anything),
    avg_confidence: orNull(Type.Number({ format: 'double' })),
    min_confidence: orNull(Type.Number({ format: 'double' })),
    first_response_seconds: orNull(seconds),
    resolution_seconds: orNull(seconds),
    messages: Type.Array(Message),
    steps: Type.Array(Step),
    notes: Type.Array(Note),
    next_cursor: orNull(text),
  },
  { $id: 'WholeConversation' },
);
export type WholeConversation = Static<typeof WholeConversation>;
