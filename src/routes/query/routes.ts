import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { Forbidden } from '../../errors.js';
import { expectBody } from '../../http/body.js';
import { Faults } from '../../http/faults.js';
import { readBody } from '../../http/json.js';
import { type ReportContext, serve } from '../../http/operation.js';
import { strict } from '../../http/parameters.js';
import { noticesOf } from '../../queries/notices.js';
import type { Query, Table, Work } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import { askable, vocabularies } from '../../queries/vocabulary.js';
import { parseQuestion, paths, type Question } from './parse.js';
import { CatalogueAnswer, QueryAnswer, QueryParameters } from './schema.js';
import { shapeAnswer, tableOfAnswer } from './shape.js';

const MAX_BYTES = 1024 * 1024;

/**
 * The query language: `POST /v1/query` over every dataset, and `GET /v1/catalogue`, which lists datasets, fields and
 * measures.
 */
export async function queryRoutes(app: FastifyInstance, context: ReportContext): Promise<void> {
  // The body arrives as bytes: parse.ts validates it and names every fault by its path.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: MAX_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  expectBody(app, ['application/json']);

  serve(app, context, {
    method: 'POST',
    url: '/v1/query',
    querystring: QueryParameters,
    response: QueryAnswer,
    isPlain: true,
    parse: ({ body, now }, faults) => parseQuestion(readBody(body, faults), now, faults),
    // An explanation is of this request, and for some keys alone.
    isKept: ({ explain }) => !explain,
    async answer({ query: parsed, ...rest }, { scope, asOf, notice, request }) {
      const query = { ...parsed, scope } as Query;
      const question: Question = { ...rest, query };
      if (question.explain && !request.principal.permissions.includes('admin')) {
        throw new Forbidden('explain shows how the service finds an answer: it needs a key that may admin');
      }
      const started = performance.now();
      const table = await run(context.db, query, asOf, paths);
      const notices = [...noticesOf(query, table), ...comparisonNotices(table, question.isRunning)];
      for (const text of notices) notice(text);
      const explanation = { ...explained(table.work), milliseconds: performance.now() - started };
      return { ...shapeAnswer(table, question, notices), ...(question.explain ? { explain: explanation } : {}) };
    },
    table: tableOfAnswer,
    file: ({ query }) => ({ name: query.dataset, window: query.window }),
  });

  const schema = { querystring: strict({}), response: { 200: CatalogueAnswer } };
  app.get('/v1/catalogue', { attachValidation: true, schema }, async (request) => {
    new Faults(request).check();
    scopeFor(request.principal, 'read');
    return catalogue;
  });
}

const explained = (work: Work): Omit<NonNullable<QueryAnswer['explain']>, 'milliseconds'> =>
  work.road === 'segments' ? { reason: null, ...work } : { segments: null, bytes: null, ...work };

function comparisonNotices({ edges, before }: Table, isRunning: boolean): string[] {
  if (before === undefined) return [];
  const [buckets, earlier] = [edges.length - 1, before.edges.length - 1];
  return [
    ...(buckets === earlier
      ? []
      : [`the range has ${buckets} buckets and the one it is compared with ${earlier}: they are compared by position`]),
    ...(isRunning ? ['the range ends in the future: a partial period is compared with a complete one'] : []),
  ];
}

const catalogue: CatalogueAnswer = {
  datasets: askable.map((name) => {
    const { definition, dimensions, numbers, measures } = vocabularies[name];
    return {
      name,
      means: definition.description,
      counts_at: definition.counts_at,
      dimensions: [...dimensions].map(([name, { description, type, many = false }]) => ({
        name: String(name),
        means: description,
        type,
        many,
      })),
      numbers: [...numbers].map(([name, { description, unit }]) => ({ name: String(name), means: description, unit })),
      measures: [...measures].map(([name, { description, unit }]) => ({
        name: String(name),
        means: description,
        unit,
      })),
    };
  }),
};
