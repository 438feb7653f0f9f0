/** The elements of an array literal, or what is wrong with it. */
export type Elements = { ok: true; elements: string[] } | { ok: false; message: string };

const FORM = 'must be an array such as {a,b} or {"a","b"}';

const BLANKS = '[ \\t\\n\\r\\v\\f]';
const WHOLE = new RegExp(`^${BLANKS}*\\{(.*)\\}${BLANKS}*$`, 's');
const EMPTY = new RegExp(`^${BLANKS}*$`);

/** One element with the blanks around it: in double quotes, or bare words; a backslash makes any sign a plain one. */
const WORD = '(?:[^{}",\\\\ \\t\\n\\r\\v\\f]|\\\\.)+';
const ELEMENT = new RegExp(
  `${BLANKS}*(?:"((?:[^"\\\\]|\\\\.)*)"|(${WORD}(?:${BLANKS}+${WORD})*))${BLANKS}*(,|$)`,
  'sy',
);

/**
 * Reads PostgreSQL's text form of a flat array: `{}`, `{a, b}`, `{"a, b","c\"d"}`. Blanks around an element are dropped,
 * those within a bare one stay. A bare NULL, of any case, is refused: no list here takes a missing value; `"NULL"` is the text.
 */
export function parseArray(literal: string): Elements {
  const list = WHOLE.exec(literal)?.[1];
  if (list === undefined) return refused(FORM);
  if (EMPTY.test(list)) return { ok: true, elements: [] };
  const elements: string[] = [];
  ELEMENT.lastIndex = 0;
  for (;;) {
    const match = ELEMENT.exec(list);
    if (match === null) return refused(`${FORM}; element ${elements.length + 1} is none`);
    const [, quoted, bare, comma] = match;
    if (bare !== undefined && /^null$/i.test(bare)) return refused('must not hold NULL; the text is "NULL"');
    elements.push((quoted ?? (bare as string)).replace(/\\(.)/gs, '$1'));
    if (comma === '') return { ok: true, elements };
  }
}

const refused = (message: string): Elements => ({ ok: false, message });
