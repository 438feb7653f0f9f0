import t from 'tap';
import { readContract } from '../src/contract.js';
import { attributes, eventTypes, scalarAttributes } from '../src/queries/ingest/fields.js';
import { columns } from '../src/routes/lookups/schema.js';
import { world } from './harness.js';

// An attribute is a row of the table in queries/ingest/fields.ts. What else must know it is held to that table here.

// biome-ignore lint/suspicious/noExplicitAny: the contract
const { schemas } = (readContract().document as any).components;

t.test('each attribute of one value has a column and is in the rows of the look-ups, in order', async (t) => {
  const { sql } = await world(t);
  const rows = await sql`select attname from pg_attribute where attrelid = 'conversations'::regclass and attnum > 0`;
  const stored = new Set(rows.map((row) => row.attname));
  t.strictSame(
    scalarAttributes.filter((name) => !stored.has(name)),
    [],
    'columns of conversations that are missing: a migration, and save_conversations.sql',
  );
  const isAttribute = (name: string) => name in attributes;
  const listed = columns.filter((name) => isAttribute(name) && !name.endsWith('_time'));
  t.strictSame(listed, scalarAttributes, 'routes/lookups/schema.ts');
  const promised = Object.keys(schemas.Conversation.properties).filter((name) => columns.includes(name as never));
  t.strictSame(promised, columns, 'openapi.yaml, Conversation');
});

t.test('the conversation whole has every attribute', async (t) => {
  const whole = schemas.WholeConversation.allOf.flatMap((part: { $ref?: string; properties?: object }) =>
    Object.keys(part.properties ?? schemas.Conversation.properties),
  );
  t.strictSame(
    Object.keys(attributes).filter((name) => !whole.includes(name)),
    [],
  );
});

t.test('save_conversations writes every column', async (t) => {
  const { sql } = await world(t);
  const [{ text }] =
    (await sql`select prosrc as text from pg_proc where proname = 'save_conversations'`) as unknown as [
      { text: string },
    ];
  const rows = await sql`
    select attname from pg_attribute
    where attrelid = 'conversations'::regclass and attnum > 0 and not attisdropped
      and attname not in ('account_id', 'conversation_id')`;
  t.strictSame(
    rows.map((row) => row.attname).filter((name) => !new RegExp(`\\bexcluded\\.${name}\\b`).test(text)),
    [],
  );
});

t.test('the contract names every type of event', async (t) => {
  t.strictSame(Object.keys(schemas.Event.discriminator.mapping).sort(), Object.keys(eventTypes).sort());
});
