import { join } from 'node:path';
import { root } from '../../src/root.js';

/* What run.ts prepares for all test files, before the first of them starts. */

/** Where the PostgreSQL of the run is. */
export const databaseFile = join(root, '.tap/database.json');

/** What openapi.yaml says, as JSON: to parse the YAML would take each test file a quarter of a second. */
export const contractFile = join(root, '.tap/contract.json');

/** The database that each test file's own one is copied from. */
export const TEMPLATE = 'reports_template';
