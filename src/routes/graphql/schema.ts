import type { Definition, Typed } from './definition.js';
import { directions } from './order.js';

/**
 * The schema in SDL for functions by name. Each function has the shape that Hasura gives a set-returning function:
 * `f(args: f_args, limit, offset, order_by: [f_order_by!]): [f!]!`.
 */
export function schemaOf(functions: Record<string, Definition>, scalars: string[]): string {
  const all = Object.entries(functions);
  return [
    'schema { query: query_root }',
    ...scalars.map((name) => `scalar ${name}`),
    `"Sort direction and position of nulls"\nenum order_by {\n  ${Object.keys(directions).join('\n  ')}\n}`,
    block(
      'type query_root',
      all.map(([name, definition]) => field(name, definition)),
    ),
    ...all.flatMap(([name, definition]) => typesOf(name, definition)),
  ].join('\n\n');
}

function field(name: string, { description, args }: Definition): string {
  const needed = Object.values(args).some(({ type }) => type.endsWith('!')) ? '!' : '';
  return `${text(description)}
  ${name}(
    args: ${name}_args${needed}
    "Maximum number of rows"
    limit: Int
    "Number of rows to skip"
    offset: Int
    "Sort columns, one per object, most significant first"
    order_by: [${name}_order_by!]
  ): [${name}!]!`;
}

function typesOf(name: string, { args, columns }: Definition): string[] {
  const sortable = Object.entries(columns).filter(([, { type }]) => type !== 'jsonb');
  return [
    block(`input ${name}_args`, Object.entries(args).map(member)),
    block(`type ${name}`, Object.entries(columns).map(member)),
    block(
      `input ${name}_order_by`,
      sortable.map(([column]) => `${column}: order_by`),
    ),
  ];
}

const member = ([name, { type, description }]: [string, Typed]) => `${text(description)}\n  ${name}: ${type}`;

const block = (head: string, lines: string[]) => `${head} {\n  ${lines.join('\n  ')}\n}`;

/** A description as SDL; JSON strings are valid SDL strings. */
const text = (description: string) => JSON.stringify(description);
