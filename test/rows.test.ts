import t from 'tap';
import type { Sql } from '../src/database/connect.js';
import type { Database } from '../src/database/database.js';
import { differing } from '../src/queries/ingest/differing.js';
import { rebuild, refoldPending } from '../src/queries/ingest/rebuild.js';
import { ACCOUNT } from './harness.js';

/** A database that answers with these rows, one list after the other. */
const answering = (...answers: object[][]) => {
  const next = async () => answers.shift() ?? [];
  return { read: next, write: next } as unknown as Database;
};

t.test('a statement that always gives a row, and gives none, is a fault and never a number', async (t) => {
  const fault = /returns one row returned 0/;
  await t.rejects(differing(answering([]), { account: ACCOUNT, teams: null, bots: null }, '[]'), fault);
  await t.rejects(rebuild(answering([{ account_id: ACCOUNT }], [{ id: 'c' }], []), null), fault, 'of a refold');
  const places = [[{ account_id: ACCOUNT, conversation_id: '' }], []];
  const tx = async () => places.shift() ?? [];
  const sql = { begin: (work: (tx: unknown) => unknown) => work(tx) } as unknown as Sql;
  await t.rejects(refoldPending(sql), fault, 'of a count');
});
