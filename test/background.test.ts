import t from 'tap';
import { inBackground } from '../src/queries/background.js';

/** Rounds in the background; the test waits in their place. */

t.test('failing rounds rest longer and longer, and one that succeeds ends that', async (t) => {
  const outcomes = [false, false, false, false, true, true, false];
  const rests: number[] = [];
  const errors: unknown[] = [];
  const finished = new Promise<void>((resolve) => {
    let round = 0;
    const work = inBackground(
      async () => {
        if (!outcomes[round++]) throw new Error('broken');
      },
      {
        ...{ every: 10, slowest: 60, onError: (error) => errors.push(error) },
        async wait(ms) {
          rests.push(ms);
          if (rests.length === outcomes.length) void work.stop().then(resolve);
        },
      },
    );
  });
  await finished;
  t.strictSame(rests, [20, 40, 60, 60, 10, 10, 20]);
  t.equal(errors.length, 5, 'each failure is reported');
});

t.test('without a slowest pause it stays the same', async (t) => {
  const rests: number[] = [];
  await new Promise<void>((resolve) => {
    const work = inBackground(async () => Promise.reject(new Error('broken')), {
      ...{ every: 10, onError: () => {} },
      async wait(ms) {
        rests.push(ms);
        if (rests.length === 3) void work.stop().then(resolve);
      },
    });
  });
  t.strictSame(rests, [10, 10, 10]);
});

t.test('a part that fails does not end its round; the end waits for the round and reports nothing', async (t) => {
  const errors: unknown[] = [];
  const told: string[] = [];
  let release = () => {};
  const work = inBackground(
    async ({ isOver, failed }) => {
      failed('first part');
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      told.push(`round ended, over: ${isOver()}`);
      throw new Error('cut off by the end');
    },
    { every: 10, onError: (error) => errors.push(error) },
  );
  const stopped = work.stop().then(() => told.push('stopped'));
  release();
  await stopped;
  t.strictSame([errors, told], [['first part'], ['round ended, over: true', 'stopped']]);
});
