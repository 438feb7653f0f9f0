/** Maximum length of a pattern in UTF-16 units; a value has up to 200 characters. */
export const MAX_PATTERN = 500;

/** Maximum count in `{m,n}`: no value is longer. */
const MAX_COUNT = 200;

/** Maximum size of a pattern once every `{m,n}` is expanded, as PostgreSQL compiles it. */
const MAX_SIZE = 1_000;

/**
 * Maximum number of optional characters after expansion: PostgreSQL's compile time is cubic in it (100: 10 ms, 800:
 * minutes).
 */
const MAX_LOOSE = 100;

const MAX_DEPTH = 20;

export type ParsedPattern = { ok: true; pattern: string } | { ok: false; message: string };

/**
 * Parses a regular expression of the subset on which two engines agree: literals, `.`, classes, `\d \w \s`, groups,
 * `|`, `^ $`, `* + ? {m} {m,} {m,n}`. Returns it in a form in which PostgreSQL and JavaScript (flags `us`) match the
 * same values: groups do not capture, `\d \w \s` are ASCII, `.` and `[^...]` match line breaks, `^ $` are the ends of
 * the value. On failure `message` completes a sentence that begins with the name of the field.
 *
 * A backtracking engine needs exponential time for some of these patterns. Never run a client's pattern on one.
 */
export function parsePattern(text: string): ParsedPattern {
  if (text.length > MAX_PATTERN) return { ok: false, message: `must have at most ${MAX_PATTERN} characters` };
  try {
    return { ok: true, pattern: new Reader(text).pattern() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
}

class Refusal extends Error {}

/** A piece of a pattern. */
interface Part {
  /** Its text, as both engines read it. */
  written: string;
  /** Its number of characters, with repetitions expanded. */
  size: number;
  /** How many of those characters are optional; all of them if it matches the empty text. */
  loose: number;
  canBeEmpty: boolean;
  /** Whether it contains `^` or `$`. */
  hasStart: boolean;
  hasEnd: boolean;
}

const one: Omit<Part, 'written'> = { size: 1, loose: 0, canBeEmpty: false, hasStart: false, hasEnd: false };

function alternatives(branches: Part[]): Part {
  const canBeEmpty = branches.some((branch) => branch.canBeEmpty);
  const size = sum(branches, 'size');
  return {
    written: branches.map(({ written }) => written).join('|'),
    size,
    loose: canBeEmpty ? size : sum(branches, 'loose'),
    canBeEmpty,
    hasStart: branches.some(({ hasStart }) => hasStart),
    hasEnd: branches.some(({ hasEnd }) => hasEnd),
  };
}

function sequence(parts: Part[]): Part {
  return {
    written: parts.map(({ written }) => written).join(''),
    size: sum(parts, 'size'),
    loose: sum(parts, 'loose'),
    canBeEmpty: parts.every((part) => part.canBeEmpty),
    hasStart: parts.some(({ hasStart }) => hasStart),
    hasEnd: parts.some(({ hasEnd }) => hasEnd),
  };
}

const sum = (parts: Part[], what: 'size' | 'loose') => parts.reduce((total, part) => total + part[what], 0);

/** `most` is null for unbounded repetition, which counts as one more copy. */
function repeated(atom: Part, quantifier: string, least: number, most: number | null): Part {
  const copies = Math.max(1, most ?? least + 1);
  const size = Math.max(1, atom.size) * copies;
  const canBeEmpty = atom.canBeEmpty || least === 0;
  return {
    ...atom,
    written: atom.written + quantifier,
    size,
    loose: canBeEmpty ? size : atom.loose * copies + atom.size * (copies - least),
    canBeEmpty,
  };
}

const CLASSES: Record<string, string> = { d: '0-9', w: '0-9A-Za-z_', s: '\t-\r ' };
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/** A character outside of a class, escaped so that both engines read it literally. */
const literal = (char: string) => (/[\\^$.*+?()[\]{}|]/.test(char) ? `\\${char}` : char);

/** The same inside of one. */
const member = (char: string) => (/[\\\]^[-]/.test(char) ? `\\${char}` : char);

const codeOf = (char: string) => char.codePointAt(0) ?? 0;

class Reader {
  readonly #chars: string[];
  #at = 0;

  constructor(text: string) {
    this.#chars = [...text];
  }

  pattern(): string {
    const { written, size, loose } = this.#alternatives(0);
    if (this.#peek() === ')') this.#refuse('has a ) without its (');
    if (size > MAX_SIZE) this.#refuse(`is too large: repetitions written out, it has over ${MAX_SIZE} characters`);
    if (loose > MAX_LOOSE) {
      this.#refuse(`is too loose: repetitions written out, over ${MAX_LOOSE} of its characters may be left out`);
    }
    return written;
  }

  #alternatives(depth: number): Part {
    const branches = [this.#branch(depth)];
    while (this.#take('|')) branches.push(this.#branch(depth));
    return alternatives(branches);
  }

  #branch(depth: number): Part {
    const parts: Part[] = [];
    while (!['|', ')', undefined].includes(this.#peek())) {
      const part = this.#piece(depth);
      if (part.hasStart && parts.length > 0) this.#refuse('has a ^ that is not at its start');
      if (parts.at(-1)?.hasEnd) this.#refuse('has a $ that is not at its end');
      parts.push(part);
    }
    return sequence(parts);
  }

  #piece(depth: number): Part {
    const atom = this.#atom(depth);
    if (!this.#isAtQuantifier()) return atom;
    if (atom.hasStart || atom.hasEnd) this.#refuse('repeats a ^ or $');
    const part = this.#quantified(atom);
    if (this.#isAtQuantifier()) this.#refuse('has one repetition right after another: put the first in a group');
    return part;
  }

  #atom(depth: number): Part {
    if (this.#isAtQuantifier()) {
      this.#refuse(`has a ${this.#peek()} with nothing to repeat: the character itself is \\${this.#peek()}`);
    }
    const char = this.#next();
    switch (char) {
      case '^':
        return { ...one, written: char, canBeEmpty: true, hasStart: true };
      case '$':
        return { ...one, written: char, canBeEmpty: true, hasEnd: true };
      case '.':
        return { ...one, written: char };
      case '(':
        return this.#group(depth);
      case '[':
        return { ...one, written: `[${this.#class()}]` };
      case '\\': {
        const escaped = this.#escaped();
        return { ...one, written: escaped.class === undefined ? literal(escaped.char) : `[${escaped.class}]` };
      }
      default:
        return { ...one, written: literal(char) };
    }
  }

  #group(depth: number): Part {
    if (depth === MAX_DEPTH) this.#refuse(`has groups nested more than ${MAX_DEPTH} deep`);
    if (this.#take('?') && !this.#take(':')) this.#refuse('has an unsupported kind of group: use ( ) or (?: )');
    const inner = this.#alternatives(depth + 1);
    if (!this.#take(')')) this.#refuse('has a ( without its )');
    return { ...inner, written: `(?:${inner.written})` };
  }

  /** The content of a class between its brackets. */
  #class(): string {
    let written = this.#take('^') ? '^' : '';
    if (this.#peek() === ']') this.#refuse('has an empty class; a ] in a class is \\]');
    while (!this.#take(']')) {
      const first = this.#member();
      if (this.#peek() !== '-' || this.#chars[this.#at + 1] === ']') {
        written += first.class ?? member(first.char);
        continue;
      }
      this.#next();
      const last = this.#member();
      if (first.class !== undefined || last.class !== undefined)
        this.#refuse('has \\d, \\w or \\s as the end of a range');
      if (codeOf(first.char) > codeOf(last.char)) this.#refuse(`has the range ${first.char}-${last.char} backwards`);
      written += `${member(first.char)}-${member(last.char)}`;
    }
    return written;
  }

  #member(): { char: string; class?: string } {
    const char = this.#next('has a [ without its ]');
    if (char === '\\') return this.#escaped();
    if (char === '[') this.#refuse('has a [ in a class, which must be \\[');
    if (char === '&' && this.#peek() === '&') this.#refuse('has && in a class, which engines interpret differently');
    return { char };
  }

  /** What follows a backslash: a class letter, or a character that is neither letter nor digit. */
  #escaped(): { char: string; class?: string } {
    const char = this.#next('ends in a backslash');
    const found = CLASSES[char];
    if (found !== undefined) return { char, class: found };
    if (!PUNCTUATION.test(char))
      this.#refuse(`has \\${char}, which is not supported: the only letters after a backslash are \\d, \\w and \\s`);
    return { char };
  }

  #quantified(atom: Part): Part {
    const char = this.#next();
    if (char === '*') return repeated(atom, '*', 0, null);
    if (char === '+') return repeated(atom, '+', 1, null);
    if (char === '?') return repeated(atom, '?', 0, 1);
    const end = this.#chars.indexOf('}', this.#at);
    const text = end === -1 ? '' : this.#chars.slice(this.#at, end).join('');
    const [, from, comma, to] = /^([0-9]{1,4})(?:(,)([0-9]{0,4}))?$/.exec(text) ?? [];
    if (from === undefined) return this.#refuse('has a { that is no {m}, {m,} or {m,n}: the character itself is \\{');
    this.#at = end + 1;
    const least = Number(from);
    const most = comma === undefined ? least : to === '' ? null : Number(to);
    if (least > MAX_COUNT || (most ?? 0) > MAX_COUNT) this.#refuse(`repeats more than ${MAX_COUNT} times`);
    if (most !== null && most < least) this.#refuse(`has the repetition {${text}} backwards`);
    return repeated(atom, most === least ? `{${least}}` : `{${least},${most ?? ''}}`, least, most);
  }

  #isAtQuantifier(): boolean {
    return ['*', '+', '?', '{'].includes(this.#peek() ?? '');
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #next(otherwise = 'ends too early'): string {
    return this.#chars[this.#at++] ?? this.#refuse(otherwise);
  }

  #refuse(message: string): never {
    throw new Refusal(message);
  }
}
