/**
 * A place in a record: keys with dots between them, `[]` after a key for each element of its list, and `$` at the start for the
 * record itself where an element is at hand: `author.id`, `messages[].author.id`, `$.ticket.id`. A key that holds a dot is
 * found where the whole path is a key, as it is in tables.
 */
export interface Path {
  text: string;
  isOfRecord: boolean;
  steps: readonly { key: string; isEach: boolean }[];
}

export function pathOf(text: string): Path {
  const isOfRecord = text === '$' || text.startsWith('$.');
  const rest = isOfRecord ? text.slice(2) : text;
  const steps =
    rest === '' ? [] : rest.split('.').map((part) => ({ key: part.replace(/\[\]$/, ''), isEach: part.endsWith('[]') }));
  return { text, isOfRecord, steps };
}

/** The values at a path, none if it leads nowhere. Null counts as nothing, and so does the empty text of a table's cell. */
export function valuesAt(path: Path, record: unknown, element: unknown): unknown[] {
  const from = path.isOfRecord ? record : element;
  const whole = !path.isOfRecord && path.steps.length > 1 ? own(from, path.text) : undefined;
  if (whole !== undefined) return isNothing(whole) ? [] : [whole];
  let values: unknown[] = [from];
  for (const { key, isEach } of path.steps) {
    values = values.flatMap((value) => {
      const next = key === '' ? value : own(value, key);
      if (isEach) return Array.isArray(next) ? next : [];
      return next === undefined ? [] : [next];
    });
  }
  return values.filter((value) => !isNothing(value));
}

export function valueAt(path: Path, record: unknown, element: unknown): unknown {
  const [step] = path.steps;
  if (path.steps.length !== 1 || step?.isEach !== false) return valuesAt(path, record, element)[0];
  const value = own(path.isOfRecord ? record : element, step.key); // most paths are one key: no lists are made for them
  return isNothing(value) ? undefined : value;
}

/** Whether a record has the place, also if null or nothing stands there. */
export function hasPath(path: Path, record: unknown): boolean {
  if (hasOwn(record, path.text)) return true;
  let values: unknown[] = [record];
  for (const { key, isEach } of path.steps) {
    values = values.filter((value) => hasOwn(value, key)).map((value) => own(value, key));
    if (values.some((value) => value === null || (isEach && Array.isArray(value) && value.length === 0))) return true;
    if (isEach) values = values.flatMap((value) => (Array.isArray(value) ? value : []));
  }
  return values.length > 0;
}

const hasOwn = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

function own(value: unknown, key: string): unknown {
  return hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

const isNothing = (value: unknown) => value === null || value === undefined || value === '';
