import { fileURLToPath } from 'node:url';

/** The project's folder, where db/, openapi.yaml and package.json lie. The build puts this file two levels below it. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
