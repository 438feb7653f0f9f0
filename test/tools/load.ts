import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Database } from '../../src/database/database.js';
import { checkEvents } from '../../src/queries/ingest/check.js';
import { ingest } from '../../src/queries/ingest/ingest.js';
import type { Scope } from '../../src/queries/scope.js';
import type { Event } from '../fold/fold.js';
import { ACCOUNT } from '../harness.js';

/** The objects of a packed NDJSON file. */
export const readNdjson = <Row>(file: string): Row[] =>
  gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const BATCH = 5_000;
const SENDERS = 3;

/** Stores events as `POST /v1/events` would, several batches at a time. */
export async function load(db: Database, events: Event[], account = ACCOUNT): Promise<void> {
  const scope: Scope = { account, teams: null, bots: null };
  const batches = Array.from({ length: Math.ceil(events.length / BATCH) }, (_, n) =>
    events.slice(n * BATCH, (n + 1) * BATCH),
  );
  const send = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const { rows, indexes, faults } = await checkEvents(batch.map((value, index) => ({ index, value })));
      if (faults.length > 0) throw new Error(JSON.stringify(faults.slice(0, 3)));
      await ingest(db, scope, rows, indexes);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
}
