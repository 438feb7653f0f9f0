import type { Fragment, Sql } from './connect.js';

/** Fragments one after the other. The driver splices a list in, but would take an empty one for a parameter. */
export const concat = (sql: Sql, parts: Fragment[]): Fragment => (parts.length === 0 ? sql`` : sql`${parts}`);
