/** The elements of an array literal, or what is wrong with it. */
export type Elements = { ok: true; elements: string[] } | { ok: false; message: string };

const FORM = 'must be an array such as {a,b} or {"a","b"}';

const BLANKS = '[ \\t\\n\\r\\v\\f]';
const WHOLE = new RegExp(`^${BLANKS}*\\{(.*)\\}${BLANKS}*$`, 's');
const EMPTY = new RegExp(`^${BLANKS}*$`);

/** One element with the spaces around it: quoted or bare. A backslash escapes any character. */
const WORD = '(?:[^{}",\\\\ \\t\\n\\r\\v\\f]|\\\\.)+';
const ELEMENT = new RegExp(
  `${BLANKS}*(?:"((?:[^"\\\\]|\\\\.)*)"|(${WORD}(?:${BLANKS}+${WORD})*))${BLANKS}*(,|$)`,
  'sy',
);

/**
 * Parses PostgreSQL's text form of a flat array: `{}`, `{a, b}`, `{"a, b","c\"d"}`. Spaces around an element are
 * dropped, spaces within a bare element are kept. A bare NULL in any case is refused, because no list here accepts a
 * missing value; `"NULL"` is the text.
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
    if (bare !== undefined && /^null$/i.test(bare)) return refused('must not contain NULL; for the text write "NULL"');
    elements.push((quoted ?? (bare as string)).replace(/\\(.)/gs, '$1'));
    if (comma === '') return { ok: true, elements };
  }
}

const refused = (message: string): Elements => ({ ok: false, message });
