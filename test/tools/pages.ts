import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../src/root.js';

/** Every page that needs no key, and the files of those that are ours. */
const pages = ['/', '/docs', '/graphiql', '/openapi.yaml', '/openapi.json', '/healthz', '/readyz'];

const filesIn = (folder: string) => readdirSync(join(root, folder)).map((name) => `/graphiql/${name}`);

/**
 * Asks a packed service for every page and asset that this checkout serves: those above, what the pages load, and each file
 * of the folders that they come from. Throws, naming all, when one is missing; returns how many there are.
 */
export async function askForPages(origin: string): Promise<number> {
  const wanted = new Set([...pages, ...filesIn('public/graphiql'), ...filesIn('dist/graphiql')]);
  const missing: string[] = [];
  for (const path of wanted) {
    const answer = await fetch(new URL(path, origin));
    const text = await answer.text();
    if (answer.status !== 200 || text === '') missing.push(`${path} answers ${answer.status}`);
    if (!/text\/html/.test(answer.headers.get('content-type') ?? '')) continue;
    for (const [, link = ''] of text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
      const { pathname, origin: host } = new URL(link, answer.url);
      if (host === new URL(origin).origin) wanted.add(pathname); // a set goes on with what is added meanwhile
    }
  }
  if (missing.length > 0) throw new Error(missing.join(', '));
  return wanted.size;
}
