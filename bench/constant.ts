import fastify from 'fastify';
import { authenticate } from '../src/auth/authenticate.js';
import { guesses } from '../src/auth/guesses.js';
import { openPool } from '../src/database/database.js';
import { QueryAnswer } from '../src/routes/query/schema.js';

/**
 * A route that gives one answer whatever is asked, behind the guard of the service, in a process of its own: as much as
 * an HTTP server in Node can do. It takes the database's address and the answer as arguments, and sends its own address.
 */
const [target, answer] = process.argv.slice(2).map((text) => JSON.parse(text));
const app = fastify();
await authenticate(app, openPool(target, { max: 2, statementTimeout: 30_000 }), guesses(null));
app.post('/v1/query', { schema: { response: { 200: QueryAnswer } } }, async () => answer);
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
process.on('disconnect', () => process.exit());
