import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the project, which contains db/, openapi.yaml and package.json. The build puts this file two levels
 * below it.
 */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The version of the service. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
