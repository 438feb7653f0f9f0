/**
 * A PostgreSQL regular expression that finds `part` anywhere in a text, case-insensitively. Every letter becomes the
 * set of letters that differ from it by case only. The answer therefore does not depend on the locale of the database,
 * as `lower` and `ilike` would.
 */
export function partPattern(part: string): string {
  return [...part].map((letter) => setOf(letter)).join('');
}

function setOf(letter: string): string {
  const set = sets.get(folded(letter));
  if (set !== undefined) return `[${set.join('')}]`;
  return /[!-/:-@[-`{-~]/.test(letter) ? `\\${letter}` : letter;
}

/** The case folding of a letter: σ for σ, ς and Σ. A letter whose other case is several letters stays as it is. */
function folded(letter: string): string {
  const upper = letter.toUpperCase();
  const lower = (isOne(upper) ? upper : letter).toLowerCase();
  return isOne(lower) ? lower : letter;
}

function isOne(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) as number) > 0xffff);
}

/** The last letter with another case is U+1E943. */
const LAST = 0x1e943;

/** The letters that have another case, by their case folding. */
const sets = setsOfCases();

function setsOfCases(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let code = 0x41; code <= LAST; code++) {
    const letter = String.fromCodePoint(code);
    const fold = folded(letter);
    if (fold === letter && letter.toUpperCase() === letter) continue;
    const set = found.get(fold);
    if (set === undefined) found.set(fold, [letter]);
    else set.push(letter);
  }
  return found;
}
