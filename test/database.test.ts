import t from 'tap';
import { openPool } from '../src/database/database.js';
import { Unavailable } from '../src/errors.js';
import { world } from './harness.js';

t.test('a statement that cannot be built, or fails, gives its place back', async (t) => {
  const { target } = await world(t);
  const db = openPool(target, { max: 1, statementTimeout: 2_000 });
  t.teardown(() => db.close());
  const broken = () => {
    throw new RangeError('cannot be built');
  };
  for (let n = 0; n < 3; n++) await t.rejects(db.read(broken), { message: 'cannot be built' });
  await t.rejects(db.write(broken), { message: 'cannot be built' });
  await t.rejects(
    db.read((sql) => sql`select 1 / 0`),
    { code: '22012' },
  );
  t.same([...(await db.read((sql) => sql`select 1 as one`))], [{ one: 1 }]);
});

t.test('who waits for a place is told to come back, and those after it get theirs', async (t) => {
  const { target } = await world(t);
  const db = openPool(target, { max: 1, statementTimeout: 1_000 });
  t.teardown(() => db.close());
  const failure = (query: Promise<unknown>) =>
    query.then(
      () => null,
      (error) => error,
    );
  const slow = failure(db.read((sql) => sql`select pg_sleep(30)`)); // ended by its own time
  const waiting = failure(db.read((sql) => sql`select pg_sleep(30)`)); // has waited for as long by then
  t.ok((await slow) instanceof Unavailable);
  t.ok((await waiting) instanceof Unavailable);
  t.same([...(await db.read((sql) => sql`select 1 as one`))], [{ one: 1 }]);
});
