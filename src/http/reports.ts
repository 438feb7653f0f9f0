import { parse, stringify } from 'node:querystring';
import type { TSchema } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidRequest } from '../errors.js';

/** An operation that answers a table, as a link runs it. */
export interface Report {
  method: 'GET' | 'POST';
  url: string;
  params?: TSchema | undefined;
  querystring: TSchema;
  response: TSchema;
  preValidation(request: FastifyRequest): Promise<void>;
  /** Throws `InvalidRequest` with the faults of a request. */
  check(request: FastifyRequest): void;
  answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

/** A request for a report, in the place of the one that arrived. */
export interface Wanted {
  /** Path and query. */
  url: string;
  method: 'GET' | 'POST';
  body?: Buffer;
  /** Parameters that replace those of the query. */
  query?: Record<string, unknown>;
}

/**
 * The reports that a link can read. `serve` adds each operation that has a table. A link runs the same code as the
 * operation itself: its parameters are gathered, validated and parsed as if they had arrived in its URL.
 */
export class Reports {
  readonly #reports: { report: Report; pattern: RegExp; names: string[] }[] = [];

  add(report: Report): void {
    const names = [...report.url.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
    this.#reports.push({ report, names, pattern: new RegExp(`^${report.url.replace(/:\w+/g, '([^/]+)')}/?$`) });
    this.#reports.sort((a, b) => a.names.length - b.names.length); // /bots/all is not a bot of that name
  }

  /** Throws `InvalidRequest` if the request is not for a report, or has a fault. */
  async check(wanted: Wanted, arrived: FastifyRequest): Promise<void> {
    const { report, request } = await this.#requestFor(wanted, arrived);
    report.check(request);
  }

  /** Answers `reply` with the report, for the key of the request that arrived. */
  async answer(wanted: Wanted, arrived: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { report, request } = await this.#requestFor(wanted, arrived);
    // CSV and problems bring their own.
    reply.type('application/json; charset=utf-8').serializer(reply.compileSerializationSchema(report.response));
    return await report.answer(request, reply);
  }

  async #requestFor(
    { url, method, body, query = {} }: Wanted,
    arrived: FastifyRequest,
  ): Promise<{ report: Report; request: FastifyRequest }> {
    const [path = '', ...search] = url.split('?');
    const { report, params } = this.#find(method, path);
    const all = { ...parse(search.join('?')), ...query };
    const request: FastifyRequest = Object.create(arrived, {
      url: { value: `${path}?${stringify(all as Record<string, string>)}` },
      routeOptions: {
        value: { ...arrived.routeOptions, url: report.url, schema: { querystring: report.querystring } },
      },
    });
    request.params = params;
    request.query = all;
    request.body = body;
    delete request.validationError;
    await report.preValidation(request);
    for (const [context, schema, value] of [
      ['params', report.params, request.params],
      ['querystring', report.querystring, request.query],
    ] as const) {
      if (schema === undefined || request.validationError !== undefined) continue;
      const validate = arrived.compileValidationSchema(schema);
      if (!validate(value)) {
        const validation = validate.errors ?? [];
        request.validationError = Object.assign(new Error(), { validation, validationContext: context }) as never;
      }
    }
    return { report, request };
  }

  #find(method: string, path: string): { report: Report; params: Record<string, string> } {
    for (const { report, pattern, names } of this.#reports) {
      const values = report.method === method ? pattern.exec(path)?.slice(1) : undefined;
      if (values === undefined) continue;
      try {
        return {
          report,
          params: Object.fromEntries(names.map((name, n) => [name, decodeURIComponent(values[n] ?? '')])),
        };
      } catch {
        throw new InvalidRequest([{ path: 'path', message: 'must be percent-encoded UTF-8' }]);
      }
    }
    const paths = this.#reports.filter(({ report }) => report.method === 'GET').map(({ report }) => report.url);
    throw new InvalidRequest([
      {
        path: 'path',
        message: `is no report with a CSV. They are ${paths
          .sort()
          .join(', ')
          .replace(/:(\w+)/g, '{$1}')}`,
      },
    ]);
  }
}
