/**
 * Marks a statement as one whose text depends on the request, so that it is not kept prepared. The driver keeps each
 * text that it has sent for the life of a connection, here and in the server: ad-hoc queries would add to that without end.
 */
export function unprepared<Query extends object>(query: Query): Query {
  // The driver has this option for text queries alone, but reads it from every query.
  (query as unknown as { options: { prepare?: boolean } }).options.prepare = false;
  return query;
}
