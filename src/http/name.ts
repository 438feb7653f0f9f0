import { isStorable } from '../queries/text.js';
import type { Faults } from './faults.js';

/** The description that people give to a key or a link; empty if there is none. */
export function readName(name: unknown, path: string, faults: Faults): string {
  if (name === undefined) return '';
  if (typeof name === 'string' && [...name].length <= 200 && isStorable(name)) return name;
  faults.add(path, 'must be a text of up to 200 characters');
  return '';
}
