/** Characters of a name that are told back. */
const MOST = 64;

/** The JSONPath of a key, which a request may have named as it likes. */
export function pathTo(path: string, key: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key)) return `${path}.${key}`;
  const short = key.length > MOST ? `${key.slice(0, MOST)}...` : key;
  return `${path}['${short.replace(/['\\]/g, '\\$&')}']`;
}
