import t from 'tap';
import { within } from './tools/close.js';

t.test('the cases hold whole numbers exactly, and others to their last digits', async (t) => {
  const { closeTo, closeText, partOf } = within(1e-14);
  t.equal(closeTo(0.1 + 0.2, 0.3), 0.3);
  t.equal(closeTo(0.3 + 1e-13, 0.3), 0.3 + 1e-13, 'not so many digits off');
  t.equal(closeTo(3 + 1e-15, 3), 3 + 1e-15, 'a whole number is met or it is not');
  t.strictSame(closeTo({ rows: [['a', 0.1 + 0.2, 4]] }, { rows: [['a', 0.3, 3]] }), { rows: [['a', 0.3, 4]] });
  t.strictSame(closeTo(['x', 'y'], ['(any)']), ['(any)']);
  t.strictSame(closeTo([], ['(any)']), []);
  t.strictSame(partOf({ a: 1, b: 2 }, { b: 3 }), { b: 2 });
  t.equal(closeText('a,0.30000000000000004\r\n', 'a,0.3\r\n'), 'a,0.3\r\n');
  t.equal(closeText('a,4.0\r\n', 'a,3\r\n'), 'a,4.0\r\n');
});
