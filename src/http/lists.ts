import type { Faults } from './faults.js';

/** The text that stands for a missing value, in a list of values and as a label. */
export const UNKNOWN = 'unknown';

/**
 * The items of a parameter that takes repeated values, comma lists, or both. Blanks around an item are dropped; then `\,`
 * is a comma and `\\` a backslash in it, another backslash is itself.
 */
export function parseList(name: string, values: string[], faults: Faults): string[] {
  const items = values
    .flatMap((value) => splitList(value))
    .map((item) => item.replace(/^ +| +$/g, '').replace(/\\([,\\])/g, '$1'));
  if (items.includes('')) faults.add(name, 'has an empty item: separate values by single commas, as in web,sms');
  return items;
}

/** The values that a list matches: `unknown` in it means a missing value too. */
export const withMissing = (items: string[]): (string | null)[] => (items.includes(UNKNOWN) ? [...items, null] : items);

/** Parts between the commas that no backslash takes for an item. */
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

/** Parameters that are lists. */
const lists = ['channel_type', 'language'];

/** Gathers `channel_type[0]=a&channel_type[1]=b`, as some generated clients write a list, under its plain name. */
export function gatherLists(query: Record<string, unknown>): Record<string, unknown> {
  const gathered: Record<string, unknown> = Object.create(null); // __proto__ is a name like any other
  for (const [name, value] of Object.entries(query)) {
    const base = /^(\w+)\[\d*\]$/.exec(name)?.[1];
    const key = base !== undefined && lists.includes(base) ? base : name;
    gathered[key] = key in gathered ? [gathered[key], value].flat() : value;
  }
  return gathered;
}
