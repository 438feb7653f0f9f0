import type postgres from 'postgres';
import { Unavailable } from '../errors.js';
import type { Sql } from './connect.js';
import { asFailure, isLostConnection } from './failures.js';

/** The database as queries see it: each statement has a deadline, and failures are the named errors of errors.ts. */
export interface Database {
  /** For building queries and fragments. A query is run by `read` or `write`, never awaited by itself. */
  sql: Sql;
  /** Runs a statement that changes nothing. One that a lost connection took along is asked once more. */
  read<Row extends object>(query: Query<Row>): Promise<Row[]>;
  /** Runs a statement once. After an `Unavailable` nobody knows whether it was carried out. */
  write<Row extends object>(query: Query<Row>): Promise<Row[]>;
}

type Query<Row extends object> = (sql: Sql) => postgres.PendingQuery<Row[]>;

/** Milliseconds beyond the server's own limit after which the client gives up on a statement. */
const GRACE = 500;

/** `deadline`: milliseconds a statement may take, waiting for a connection included. */
export function database(sql: Sql, deadline: number): Database {
  async function run<Row extends object>(query: Query<Row>): Promise<Row[]> {
    const pending = query(sql);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Unavailable('the database did not answer in time'));
        pending.cancel(); // frees its connection, or takes it out of the queue
      }, deadline + GRACE);
    });
    try {
      return await Promise.race([pending, late]);
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    sql,
    async read(query) {
      try {
        return await run(query).catch((error) => (isLostConnection(error) ? run(query) : Promise.reject(error)));
      } catch (error) {
        throw asFailure(error);
      }
    },
    async write(query) {
      try {
        return await run(query);
      } catch (error) {
        throw asFailure(error);
      }
    },
  };
}
