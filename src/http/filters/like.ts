/**
 * A pattern in which the character `mark` (if any) takes the meaning of the one after it, as a pattern in which a
 * backslash does. Null where nothing comes after it.
 */
export function withBackslash(pattern: string, mark: string | undefined): string | null {
  let written = '';
  let isEscaped = false;
  for (const char of pattern) {
    if (isEscaped) written += /[%_\\]/.test(char) ? `\\${char}` : char;
    else if (char !== mark) written += char === '\\' ? '\\\\' : char;
    isEscaped = !isEscaped && char === mark;
  }
  return isEscaped ? null : written;
}
