/** A source of chance that a seed repeats. */
export interface Chance {
  /** From 0 to before 1. */
  next(): number;
  /** A whole number from 0 to before `count`. */
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  /** Whether something happens that does so in this share of cases. */
  is(share: number): boolean;
}

export function chance(seed: number): Chance {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return { next, below, pick: (list) => list[below(list.length)] as never, is: (share) => next() < share };
}
