/** Maximum number of characters of a name that an error repeats. */
const MOST = 64;

/** The JSONPath of a key. The key comes from the request and may contain any character. */
export function pathTo(path: string, key: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key)) return `${path}.${key}`;
  const short = key.length > MOST ? `${key.slice(0, MOST)}...` : key;
  return `${path}['${short.replace(/['\\]/g, '\\$&')}']`;
}
