import type { Sql } from '../../src/database/connect.js';
import type { Database } from '../../src/database/database.js';

/** A database whose reads all see the same snapshot. */
export interface Snapshot extends Database {
  /** The number of scans so far. */
  scans(): number;
}

/** Runs `work` with a database in which nothing changes. */
export const inSnapshot = <Result>(db: Database, work: (snapshot: Snapshot) => Promise<Result>): Promise<Result> =>
  db.transaction((sql) => work(over(sql)), 60_000);

function over(sql: Sql): Snapshot {
  let scans = 0;
  const refused = () => Promise.reject(new Error('a snapshot is only read'));
  return {
    timeout: 60_000,
    read: async (query) => [...(await query(sql))],
    async scan(query, begin) {
      scans++;
      const { row, end } = begin();
      let failure: { error: unknown } | undefined;
      await query(sql)
        .raw()
        .forEach((columns) => {
          try {
            if (failure === undefined) row(columns as unknown as (Buffer | null)[]);
          } catch (error) {
            failure = { error };
          }
        });
      if (failure !== undefined) throw failure.error;
      return end();
    },
    transaction: refused,
    write: refused,
    scans: () => scans,
  };
}
