import type { Faults } from './faults.js';

/** The text that stands for a missing value in lists and labels. */
export const UNKNOWN = 'unknown';

/**
 * The items of a parameter that takes repeated values, comma-separated lists, or both. Spaces around an item are
 * dropped. Within an item `\,` is a comma and `\\` a backslash; any other backslash is literal.
 */
export function parseList(name: string, values: string[], faults: Faults): string[] {
  const items = values
    .flatMap((value) => splitList(value))
    .map((item) => item.replace(/^ +| +$/g, '').replace(/\\([,\\])/g, '$1'));
  if (items.includes('')) faults.add(name, 'has an empty item: separate values by single commas, as in web,sms');
  return items;
}

/** The values that a list matches: `unknown` also matches a missing value. */
export const withMissing = (items: string[]): (string | null)[] => (items.includes(UNKNOWN) ? [...items, null] : items);

/** The parts between unescaped commas. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && (text[at + 1] === ',' || text[at + 1] === '\\')) at++;
    else if (text[at] === ',') {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** Collects `name[0]=a&name[1]=b`, which some generated clients send for a list, under the plain names in `lists`. */
export function gatherLists(query: Record<string, unknown>, lists: readonly string[]): Record<string, unknown> {
  const gathered = new Map<string, unknown>();
  for (const [name, value] of Object.entries(query)) {
    const base = /^(\w+)\[\d*\]$/.exec(name)?.[1];
    const key = base !== undefined && lists.includes(base) ? base : name;
    gathered.set(key, gathered.has(key) ? [gathered.get(key), value].flat() : value);
  }
  return Object.fromEntries(gathered);
}
