import { attributes, commonFields, eventTypes } from '../../src/queries/ingest/fields.js';
import { parseJson } from '../../src/queries/ingest/json.js';
import { type Kind, time } from '../../src/queries/ingest/kinds.js';
import type { Contracted } from './answers.js';
import { type Document, inline, type Schema } from './document.js';
import { normalize } from './normal.js';

/** Values on both sides of every limit that a kind of value has. */
const pool: unknown[] = [
  ...['', 'a', 'å', '\u{1F600}', 'a\u0000', 'x'.repeat(200), '\u{1F600}'.repeat(200), 'x'.repeat(201)],
  ...['x'.repeat(100_000), 'x'.repeat(100_001), '\u{1F600}'.repeat(100_000)],
  ...['1', '-1', '0.5', '123456789012345', '1234567890123456', '0.123456', '0.1234567', '1e3', '+1', '.5', '1.', ' 1'],
  ...['user', 'bot', 'agent', 'conversation', 'resolved', 'left', 'visitor', 'operator', 'group', 'task', 'external'],
  ...['autosuggest', 'rule', 'expired', 'true'],
  ...[0, 1, 5, 6, -1, 1.5, 0.1, 2_147_483_647, 2_147_483_648, -2_147_483_648, -2_147_483_649, true, false],
  ...[[], ['a'], [''], [1], [null], ['x'.repeat(201)], Array(100).fill('a'), Array(101).fill('a'), Array(101).fill(1)],
  ...[{}, { a: 1 }, { a: 'b' }, { a: null }, { '': 'b' }, { ['k'.repeat(201)]: 'b' }, { a: 'x'.repeat(100_001) }],
  ...[{ id: 'a', type: 'b' }, { id: 'a' }, { id: '', type: 'b' }, { id: 'a', type: 'b', x: 1 }],
  ...[100, 101].map((count) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']))),
];

/**
 * Where the events of the contract and the tables that check them (src/queries/ingest/fields.ts) differ: which types and
 * fields there are, which are needed, and which values of a pool each takes. The contract takes more in three places, where
 * JSON schema has no words: times are any text, a number may have any digits, and texts any surrogates.
 */
export function eventDifferences(document: Document, { faultsOfValue }: Contracted): string[] {
  const { Event, Attributes } = document.components.schemas as Record<string, Schema>;
  const found: string[] = [];
  const say = (what: string) => found.push(what);

  const own = inline(document, Event as Schema);
  const events = (own.oneOf as Schema[]).map(normalize);
  const named = events.map(({ properties }) => String((properties?.type?.enum as string[] | undefined)?.[0]));
  const mapped = Object.keys((own.discriminator as { mapping: object }).mapping);
  same('types of event', named, Object.keys(eventTypes), say);
  same('types that the discriminator maps', mapped, named, say);

  for (const [n, event] of events.entries()) {
    const type = named[n] as string;
    const fields = { ...commonFields, ...eventTypes[type] };
    const needed = Object.keys(fields).filter((name) => fields[name]?.needed);
    same(
      `fields of ${type}`,
      Object.keys(event.properties ?? {}),
      [...Object.keys(fields), 'type', 'conversation'],
      say,
    );
    same(`fields that ${type} needs`, event.required ?? [], [...needed, 'type'], say);
    if (event.additionalProperties !== false) say(`${type} takes unknown fields`);
    for (const [name, { kind, needed }] of Object.entries(fields)) {
      values(`${type}.${name}`, event.properties?.[name], kind, needed !== true);
    }
  }
  const known = normalize(inline(document, Attributes as Schema));
  same('attributes', Object.keys(known.properties ?? {}), Object.keys(attributes), say);
  if (known.additionalProperties !== false) say('a conversation takes unknown attributes');
  for (const [name, kind] of Object.entries(attributes))
    values(`conversation.${name}`, known.properties?.[name], kind, true);
  return found;

  function values(name: string, schema: Schema | undefined, kind: Kind, optional: boolean): void {
    if (schema === undefined) return; // told already
    const { nullable = false, ...rest } = schema;
    if (nullable !== optional) say(`${name}: null is ${nullable ? '' : 'not '}allowed by the contract`);
    for (const value of pool) {
      const [contract, service] = [
        faultsOfValue(rest, value).length === 0,
        kind.accepts(parseJson(JSON.stringify(value))),
      ];
      if (contract === service || (kind === time && contract)) continue;
      say(`${name}: ${JSON.stringify(value).slice(0, 40)} is ${contract ? '' : 'not '}allowed by the contract`);
    }
  }
}

function same(what: string, contract: string[], service: string[], say: (what: string) => void): void {
  const [ours, theirs] = [contract, service].map((list) => [...list].sort().join(', '));
  if (ours !== theirs) say(`${what}: the contract says ${ours}, the service ${theirs}`);
}
