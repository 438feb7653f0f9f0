import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../src/root.js';

/** A fenced block of a page: what stands behind its fence, its text, and where it is. */
export interface Block {
  page: string;
  line: number;
  kind: string;
  text: string;
  heading: string;
}

/** The pages that people read, from the folder of the project; of openapi.yaml its description, with which /docs begins. */
export const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'openapi.yaml',
];

/** The text of a page, as Markdown. */
export function textOf(page: string): string {
  const text = readFileSync(join(root, page), 'utf8');
  return page === 'openapi.yaml' ? (parse(text) as { info: { description: string } }).info.description : text;
}

/** All fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  const blocks: Block[] = [];
  let heading = '';
  for (const { 1: title, 2: kind, 3: content, index } of text.matchAll(/^#+ (.*)$|^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else {
      const line = text.slice(0, index).split('\n').length;
      blocks.push({ page, line, kind: kind as string, text: content as string, heading });
    }
  }
  return blocks;
}
