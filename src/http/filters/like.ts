/**
 * Converts a LIKE pattern with the escape character `mark` (if any) to one with backslash as escape. Null if the
 * pattern ends with its escape character.
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
