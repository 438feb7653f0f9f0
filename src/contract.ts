import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './root.js';

/** openapi.yaml, the contract of the service: its text and its parsed content. */
export interface Contract {
  yaml: string;
  document: object;
}

export function readContract(): Contract {
  const yaml = readFileSync(join(root, 'openapi.yaml'), 'utf8');
  return { yaml, document: parse(yaml) };
}
