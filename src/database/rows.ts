/**
 * The row of a statement that always gives one. None, or more, is a fault of the service and never an answer: it throws an
 * error that no dialect knows, a 500 with its place in the log.
 */
export function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`a statement that gives one row gave ${rows.length}`);
  return row;
}
