/**
 * Marks a statement whose text depends on the request, so that it is not prepared. The driver keeps every prepared
 * statement for the life of its connection, in this process and on the server; ad-hoc queries would add to them without
 * end.
 */
export function unprepared<Query extends object>(query: Query): Query {
  // The driver documents this option for text queries only, but honours it for every query.
  (query as unknown as { options: { prepare?: boolean } }).options.prepare = false;
  return query;
}
