import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { expectBody } from '../http/body.js';
import { Faults } from '../http/faults.js';
import { readBody, readObject } from '../http/json.js';
import { strict } from '../http/parameters.js';
import { isStorable } from '../queries/text.js';

const MAX_CHARACTERS = 100_000;
const MAX_BYTES = 1024 * 1024;

const Echo = Type.Object(
  { message: Type.String({ maxLength: MAX_CHARACTERS }) },
  { $id: 'Echo', additionalProperties: false },
);

/** `POST /v1/echo` returns the message that was sent, for the first test of a client. Every key may use it. */
export async function echoRoutes(app: FastifyInstance): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: MAX_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  expectBody(app, ['application/json']);
  const schema = { querystring: strict({}), response: { 200: Echo } };
  app.post('/v1/echo', { attachValidation: true, schema }, async (request) => {
    const faults = new Faults(request);
    const body = readObject(readBody(request.body, faults), '$', ['message'], faults);
    const message = body?.message;
    const isMessage = typeof message === 'string' && isStorable(message) && [...message].length <= MAX_CHARACTERS;
    if (body !== null && !isMessage) {
      faults.add('$.message', `must be a text of up to ${MAX_CHARACTERS.toLocaleString('en')} characters`);
    }
    faults.check();
    return { message };
  });
}
