import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { expectBody } from '../../http/body.js';
import { Faults } from '../../http/faults.js';
import { readBody } from '../../http/json.js';
import { type Reports, serve } from '../../http/operation.js';
import { strict } from '../../http/parameters.js';
import { noticesOf } from '../../queries/notices.js';
import type { Query, Table } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import { askable, vocabularies } from '../../queries/vocabulary.js';
import { parseQuestion, paths, type Question } from './parse.js';
import { CatalogueAnswer, QueryAnswer, QueryParameters } from './schema.js';
import { shapeAnswer, tableOfAnswer } from './shape.js';

const MAX_BYTES = 1024 * 1024;

/** The query language: `POST /v1/query` over every dataset, and `GET /v1/catalogue`, which says what can be asked. */
export async function queryRoutes(app: FastifyInstance, reports: Reports): Promise<void> {
  // The body is read by parse.ts, which names every fault by its path; so it comes as bytes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: MAX_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  expectBody(app, ['application/json']);

  serve(app, reports, {
    method: 'POST',
    url: '/v1/query',
    querystring: QueryParameters,
    response: QueryAnswer,
    parse: ({ body, now }, faults) => parseQuestion(readBody(body, faults), now, faults),
    async answer({ query: asked, ...rest }, { scope, moment, notice }) {
      const query = { ...asked, scope } as Query;
      const question: Question = { ...rest, query };
      const table = await run(reports.db, query, moment, paths);
      const notices = [...noticesOf(query, table), ...comparisonNotices(table, query, moment.now)];
      for (const text of notices) notice(text);
      return shapeAnswer(table, question, notices);
    },
    table: tableOfAnswer,
  });

  const schema = { querystring: strict({}), response: { 200: CatalogueAnswer } };
  app.get('/v1/catalogue', { attachValidation: true, schema }, async (request) => {
    new Faults(request).check();
    scopeFor(request.principal, 'read');
    return catalogue;
  });
}

function comparisonNotices({ edges, before }: Table, { window }: Query, now: number): string[] {
  if (before === undefined) return [];
  const [buckets, earlier] = [edges.length - 1, before.edges.length - 1];
  return [
    ...(buckets === earlier
      ? []
      : [
          `the range has ${buckets} buckets and the one it is compared with ${earlier}: they are compared by their place`,
        ]),
    ...(window.to > now ? ['the range is not over: a running period is compared with a whole one'] : []),
  ];
}

const catalogue: CatalogueAnswer = {
  datasets: askable.map((name) => {
    const { definition, dimensions, numbers, measures } = vocabularies[name];
    return {
      name,
      means: definition.means,
      counts_at: definition.counts_at,
      dimensions: [...dimensions].map(([name, { means, type, many = false }]) => ({
        name: String(name),
        means,
        type,
        many,
      })),
      numbers: [...numbers].map(([name, { means, unit }]) => ({ name: String(name), means, unit })),
      measures: [...measures].map(([name, { means, unit }]) => ({ name: String(name), means, unit })),
    };
  }),
};
