/** Writes the table of settings of docs/operators.md from the schema of the configuration: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '../../src/config.js';
import { root } from '../../src/root.js';

export const settingsPage = join(root, 'docs/operators.md');
const place = /(?<=<!-- settings -->\n)[\s\S]*(?=<!-- end of settings -->)/;

/** The page with the table that the schema gives. */
export function withSettings(page: string): string {
  const rows = settings.map(({ name, initial, description }) => {
    const meaning = description.replace(/; default: .*$/, '');
    const byRule = /; default: (.*)$/.exec(description)?.[1] ?? '';
    return `| \`${name}\` | ${initial === '' ? byRule : `\`${initial}\``} | ${meaning.replaceAll('|', '\\|')} |\n`;
  });
  return page.replace(place, () => `| variable | default | meaning |\n| --- | --- | --- |\n${rows.join('')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(settingsPage, withSettings(readFileSync(settingsPage, 'utf8')));
}
