import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, where db/, openapi.yaml and package.json lie. The build puts this file two levels below it. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The version of the service. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
