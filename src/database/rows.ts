/**
 * The row of a statement that always returns exactly one. Any other number is a bug and never an answer: it throws an
 * unexpected error, which becomes a 500 with its stack in the log.
 */
export function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`a statement that returns one row returned ${rows.length}`);
  return row;
}
