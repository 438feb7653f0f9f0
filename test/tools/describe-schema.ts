import type { Sql } from '../../src/database/connect.js';

/** Tables, columns, keys, indexes, types and functions of the schema as text, from the catalogue. */
export async function describeSchema(sql: Sql): Promise<string> {
  const columns = await sql`
    select c.relname as table, format('  %s %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        case when co.collname not in ('default') then ' collate ' || co.collname else '' end,
        case when a.attnotnull then ' not null' else '' end,
        coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join pg_collation co on co.oid = a.attcollation
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'c')
    order by c.relname collate "C", a.attnum`;
  const constraints = await sql`
    select c.relname as table, format('  %s', pg_get_constraintdef(k.oid)) as line
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'f', 'c') order by 2`;
  const storage = await sql`
    select relname as table, format('  with (%s)', array_to_string(reloptions, ', ')) as line
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and reloptions is not null`;
  const indexes = await sql`
    select tablename as table, format('  %s', regexp_replace(indexdef, '^CREATE ', '')) as line
    from pg_indexes where schemaname = 'public' and indexname not like '%\_pkey' order by 2`;
  const functions = await sql`
    select format('%s(%s) returns %s, %s', p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
      case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end) as line
    from pg_proc p where p.pronamespace = 'public'::regnamespace order by p.proname collate "C"`;
  const tables = [...new Set(columns.map((row) => row.table as string))];
  const linesOf = (rows: typeof columns, table: string) =>
    rows.filter((row) => row.table === table).map((row) => row.line as string);
  const parts = tables.map((table) =>
    [table, ...[columns, constraints, storage, indexes].flatMap((rows) => linesOf(rows, table))].join('\n'),
  );
  return `${[...parts, ['functions', ...functions.map((row) => `  ${row.line}`)].join('\n')].join('\n\n')}\n`;
}
