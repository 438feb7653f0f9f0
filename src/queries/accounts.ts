import type { Database } from '../database/database.js';

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether an id is that of an account. */
export async function isAccount(db: Database, id: string): Promise<boolean> {
  if (!UUID.test(id)) return false;
  const found = await db.read((sql) => sql`select from accounts where account_id = ${id}::text::uuid`);
  return found.length > 0;
}
