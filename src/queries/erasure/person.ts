import { createHash } from 'node:crypto';

/** What an erasure looks for. */
export interface Person {
  user_id: string;
  /** What takes the place of the user id; those of other identifiers begin with it. */
  stand_in: string;
  /** Makes the stand-ins of other identifiers; it is deleted with the last step, so nobody can compute them again. */
  secret: string;
  /** The user id, and identifiers that stand in no conversation of somebody else. */
  strong: string[];
  /** Identifiers that also stand in conversations of others, such as a shared telephone. */
  weak: string[];
  names: string[];
}

/** Finds the identifiers of a person in texts, and replaces them. */
export interface Matcher {
  person: Person;
  /** Whether a value is an identifier of the person. */
  is(value: unknown): value is string;
  /** Whether a value belongs to the person and nobody else. */
  isStrong(value: unknown): boolean;
  /** What takes the place of an identifier, a name or another text of the person; equal for equal texts. */
  standIn(value: string): string;
  /** A text in which somebody wrote, with stand-ins for every identifier and name. */
  inWords(text: string): string;
  /** A label with stand-ins for those identifiers that cannot be an ordinary word. */
  inLabel(text: string): string;
  /** Whether an id of the person's own events or conversations contains an identifier. */
  isInId(id: string): boolean;
}

/** Words in which a text is not looked for: too short to tell. */
const SHORTEST = 3;

/** Whether an identifier cannot be an ordinary word, as the name of a tag or a bot could be. */
const isDistinctive = (text: string) => text.length >= 6 && /[^\p{L}]/u.test(text);

export function matcherOf(person: Person): Matcher {
  const ids = new Set([person.user_id, ...person.strong, ...person.weak]);
  const strong = new Set([person.user_id, ...person.strong]);
  const standIn = (value: string) =>
    value === person.user_id
      ? person.stand_in
      : `${person.stand_in}-${createHash('sha256').update(`${person.secret}\0${value}`).digest('hex').slice(0, 12)}`;
  const original = new Map([...ids, ...person.names].map((value) => [value.toLowerCase(), value]));
  const replacing = (values: Iterable<string>) => {
    const pattern = patternOf(values);
    if (pattern === null) return (text: string) => text;
    const replace = (found: string) => standIn(original.get(found.toLowerCase()) ?? found);
    return (text: string) => text.replace(pattern, replace);
  };
  const distinctive = [...ids].filter(isDistinctive);
  const inId = patternOf(ids);
  return {
    person,
    is: (value): value is string => typeof value === 'string' && ids.has(value),
    isStrong: (value) => typeof value === 'string' && strong.has(value),
    standIn,
    inWords: replacing([...ids, ...person.names].filter((value) => value.length >= SHORTEST)),
    inLabel: replacing(distinctive),
    isInId: (id) => inId !== null && id.search(inId) !== -1,
  };
}

/** A pattern for texts that stand by themselves, not within a longer word; the longest first, in any case. */
function patternOf(values: Iterable<string>): RegExp | null {
  const sorted = [...new Set(values)].sort((a, b) => b.length - a.length);
  if (sorted.length === 0) return null;
  const escaped = sorted.map((value) => value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}
