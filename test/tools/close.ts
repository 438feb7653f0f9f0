const ANY = '(any)';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * An answer in the form in which it is compared: a number that is close enough to the expected one is replaced by it. One with
 * a fraction may be off by `tolerance`, as a share of it; a whole number must be met exactly.
 */
export function within(tolerance: number) {
  const isClose = (found: number, wanted: number) =>
    !Number.isInteger(wanted) && Math.abs(found - wanted) <= tolerance * Math.abs(wanted);

  /** The answer, in which what the case leaves open, or an average off by no more than its last digits, is as expected. */
  function closeTo(answer: unknown, expected: unknown): unknown {
    if (expected === ANY && answer !== undefined) return expected;
    if (typeof answer === 'number' && typeof expected === 'number') {
      return isClose(answer, expected) ? expected : answer;
    }
    if (Array.isArray(answer) && Array.isArray(expected)) {
      if (expected.length === 1 && expected[0] === ANY && answer.length > 0) return expected;
      return answer.map((item, n) => closeTo(item, expected[n]));
    }
    if (isObject(answer) && isObject(expected)) {
      return Object.fromEntries(Object.entries(answer).map(([key, item]) => [key, closeTo(item, expected[key])]));
    }
    return answer;
  }

  /** Of the answer, what the case looks at: objects may have more keys, and a null stands for no such key too. */
  function partOf(answer: unknown, expected: unknown): unknown {
    if (expected === ANY) return answer === null || answer === undefined ? answer : expected;
    if (Array.isArray(answer) && Array.isArray(expected)) return answer.map((item, n) => partOf(item, expected[n]));
    if (isObject(answer) && isObject(expected)) {
      return Object.fromEntries(
        Object.entries(expected).map(([key, item]) => [key, partOf(answer[key] ?? null, item)]),
      );
    }
    return closeTo(answer, expected);
  }

  /** CSV in which numbers that are not whole are off by no more than their last digits. */
  function closeText(answer: string, expected: string): string {
    const [found, wanted] = [answer.split(','), expected.split(',')];
    if (found.length !== wanted.length) return answer;
    const close = found.map((cell, n) => {
      const other = wanted[n] as string;
      const isNumber = /^-?\d+\.\d+(\r\n.*)?$/s;
      if (!isNumber.test(cell) || !isNumber.test(other)) return cell;
      const sameRest = cell.replace(/^[^\r]*/, '') === other.replace(/^[^\r]*/, '');
      return sameRest && isClose(Number.parseFloat(cell), Number.parseFloat(other)) ? other : cell;
    });
    return close.join(',');
  }

  return { closeTo, partOf, closeText };
}
