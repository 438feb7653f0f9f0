/** As much of DuckDB as the benchmarks use: it is installed with them, and the types are checked without it. */
declare module '@duckdb/node-api' {
  export class DuckDBInstance {
    static create(path: string, options: Record<string, string>): Promise<DuckDBInstance>;
    connect(): Promise<DuckDBConnection>;
    closeSync(): void;
  }
  interface DuckDBConnection {
    run(text: string): Promise<unknown>;
    prepare(text: string): Promise<DuckDBPreparedStatement>;
    closeSync(): void;
  }
  export interface DuckDBPreparedStatement {
    runAndReadAll(): Promise<{ getRowsJS(): unknown[][] }>;
  }
}
