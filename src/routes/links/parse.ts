import { stringify } from 'lossless-json';
import type { Shared } from '../../auth/links.js';
import type { Faults } from '../../http/faults.js';
import { readObject } from '../../http/json.js';
import { readName } from '../../http/name.js';
import type { Wanted } from '../../http/reports.js';
import { isObject } from '../../queries/ingest/json.js';
import { isStorable } from '../../queries/text.js';
import { parseRequestTime } from '../../queries/time/relative.js';

/** Far less than the 16 KiB of headers in which such a URL must arrive where it is no link. */
const LONGEST = 8_000;

/** Parses the body of a new link; what it reads is checked by `Reports`. `now` is the time of the request. */
export function parseNewLink(
  body: unknown,
  now: number,
  faults: Faults,
): { name: string; expires: number | null; shared: Shared } {
  const fields = readObject(body, '$', ['name', 'report', 'query', 'expires_at'], faults) ?? {};
  faults.check();
  const name = readName(fields.name, '$.name', faults);
  const expires = readEnd(fields.expires_at, '$.expires_at', now, faults);
  return { name, expires, shared: readShared(fields, faults) };
}

/** The request that a link stands for. */
export function wantedBy({ report, query }: Shared): Wanted {
  return report === null
    ? { method: 'POST', url: '/v1/query', body: Buffer.from(query) }
    : { method: 'GET', url: report };
}

function readShared({ report, query }: Record<string, unknown>, faults: Faults): Shared {
  const nothing: Shared = { report: '', query: null };
  if ((report === undefined) === (query === undefined)) {
    faults.add('$', 'must have either report, the path and query of a report, or query, the body of POST /v1/query');
    return nothing;
  }
  if (report === undefined) {
    if (isObject(query)) return { report: null, query: stringify(query) as string };
    faults.add('$.query', 'must be an object, the body of POST /v1/query');
    return nothing;
  }
  const isPath = typeof report === 'string' && /^\/[^/#][^#]*$/.test(report) && isStorable(report);
  if (isPath && report.length <= LONGEST) return { report, query: null };
  faults.add(
    '$.report',
    `must be a path with its query, of up to ${LONGEST.toLocaleString('en')} characters and without scheme and host, such as /v1/bots?format=csv`,
  );
  return nothing;
}

function readEnd(value: unknown, path: string, now: number, faults: Faults): number | null {
  if (value === undefined) return null;
  if (typeof value !== 'string') {
    faults.add(path, 'must be a text, such as 2024-12-31');
    return null;
  }
  const parsed = parseRequestTime(value, 'UTC', now);
  if (!parsed.ok) faults.add(path, parsed.message);
  else if (parsed.instant <= now) faults.add(path, 'must lie in the future');
  return parsed.ok ? parsed.instant : null;
}
