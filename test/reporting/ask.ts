import type { FastifyInstance, InjectOptions } from 'fastify';
import { ACCOUNT, ask } from '../harness.js';

/** What every question needs, for those that are about something else. */
export const minimal = {
  interval: { start: '2024-01-08', end: '2024-01-09' },
  granularity: 'all',
  aggregations: [{ type: 'count' }],
};

export const url = (organization = ACCOUNT) => `/api/reporting/v1/orgs/${organization}/chat_sessions`;

/** Asks for a report: {@link minimal} with some keys set, or a body as it is. */
export function report(
  app: FastifyInstance,
  key: string | null,
  body: object | string | Buffer,
  options: Partial<InjectOptions> & { organization?: string } = {},
) {
  const { organization, headers, ...more } = options;
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  return ask(app, key, {
    method: 'POST',
    url: url(organization),
    payload: isRaw ? body : { ...minimal, ...body },
    headers: { 'content-type': 'application/json', ...headers },
    ...more,
  });
}
