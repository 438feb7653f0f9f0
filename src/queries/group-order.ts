import type { Dimension } from './datasets/dataset.js';
import type { Value } from './filter.js';
import { byCodePoint } from './order.js';

type Type = Dimension['type'];

/**
 * Numbers groups in order: texts by code point, numbers by value, false before true, nulls last. `keysOf` is the keys of each
 * row; the result has the place of the row's group, from 0, and the number of groups. Each group is compared once, however
 * many rows it has.
 */
export function groupPlaces(
  keysOf: readonly (readonly Value[])[],
  types: readonly Type[],
): { places: number[]; count: number } {
  const groups: { keys: readonly Value[]; place: number }[] = [];
  const byText = new Map<string, (typeof groups)[number]>();
  const byArray = new Map<readonly Value[], (typeof groups)[number]>(); // segments give all rows of a group the same array
  const own = keysOf.map((keys) => {
    let group = byArray.get(keys);
    if (group === undefined) {
      const text = JSON.stringify(keys);
      group = byText.get(text);
      if (group === undefined) {
        group = { keys, place: 0 };
        groups.push(group);
        byText.set(text, group);
      }
      byArray.set(keys, group);
    }
    return group;
  });
  groups.sort((a, b) => {
    for (let n = 0; n < types.length; n++) {
      const compared = compare(a.keys[n] ?? null, b.keys[n] ?? null, types[n] as Type);
      if (compared !== 0) return compared;
    }
    return 0;
  });
  for (const [place, group] of groups.entries()) group.place = place;
  return { places: own.map(({ place }) => place), count: groups.length };
}

function compare(x: Value, y: Value, type: Type): number {
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  return type === 'number' ? Number(x) - Number(y) : byCodePoint(String(x), String(y));
}
