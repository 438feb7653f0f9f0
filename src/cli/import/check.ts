import { Columns } from './columns.js';
import { readRows } from './csv.js';
import { UsageError } from './errors.js';
import { readLines } from './lines.js';
import type { Mapping } from './map.js';
import { read, type Source } from './source.js';
import { parseRow, readHeader } from './table.js';

/**
 * Checks that the required columns exist before anything is sent, because another import cannot repair events that were
 * stored without them. Reads the header of CSV, and as many rows of NDJSON as needed: one, unless a column is sparse.
 * Skips sources that can only be read once (standard input, a pipe). Throws a UsageError with every fault.
 */
export async function checkColumns(
  sources: readonly Source[],
  mapping: Mapping,
  isCsv: (source: Source) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const faults: string[] = [];
  const files = sources.filter((source) => source.size !== undefined);
  for (const file of files.filter(isCsv)) {
    const fault = await headerFault(file, mapping, signal);
    if (fault !== undefined) faults.push(fault);
  }
  const tables = sources.filter((source) => !isCsv(source));
  if (tables.every((table) => files.includes(table))) {
    const missing = await missingInRows(tables, mapping, signal);
    faults.push(...missing.map((fault) => `${tables.map(({ name }) => name).join(', ')}: ${fault}`));
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
}

async function headerFault(file: Source, mapping: Mapping, signal: AbortSignal): Promise<string | undefined> {
  try {
    for await (const [header] of readRows(file.name, read(file, signal))) {
      if (header === undefined) continue;
      readHeader(header, mapping);
      break;
    }
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** The required columns that no row of any table has; empty if there are no rows. */
async function missingInRows(tables: readonly Source[], mapping: Mapping, signal: AbortSignal): Promise<string[]> {
  const columns = new Columns(mapping, () => {});
  let isEmpty = true;
  for (const table of tables) {
    for await (const lines of readLines(table.name, read(table, signal))) {
      for (const line of lines) {
        const row = 'fault' in line ? line.fault : parseRow(line.bytes.toString(), mapping);
        if (typeof row === 'string') continue;
        isEmpty = false;
        columns.see(Object.keys(row));
        if (columns.missing().length === 0) return [];
      }
    }
  }
  return isEmpty ? [] : columns.missing();
}
