import type { Database } from '../database/database.js';
import { only } from '../database/rows.js';

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether an account with this id exists. */
export async function isAccount(db: Database, id: string): Promise<boolean> {
  if (!UUID.test(id)) return false;
  const found = await db.read<{ is_there: boolean }>(
    (sql) => sql`select exists (select from accounts where account_id = ${id}::text::uuid) as is_there`,
  );
  return only(found).is_there;
}
