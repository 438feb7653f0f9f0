import type { Fragment, Sql } from './connect.js';

/** Concatenates fragments. The driver splices a list in, but would take an empty list for a parameter. */
export const concat = (sql: Sql, parts: Fragment[]): Fragment => (parts.length === 0 ? sql`` : sql`${parts}`);
