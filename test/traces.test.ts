import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { root } from '../src/root.js';
import { packages } from '../src/traces/traces.js';
import { world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, portOf, until } from './service.js';

const SECRET = 'a-secret-of-the-test';
const ACCOUNT = '00000000-0000-4000-8000-00000000000a';
/** Stands in all that people send, and must be in no span. */
const MARK = 'Zz9secret';

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

/** A collector that keeps what it gets. */
async function collector(t: Test) {
  const spans: Span[] = [];
  let text = '';
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    text += body;
    if (request.url === '/v1/traces') {
      for (const { scopeSpans } of JSON.parse(body).resourceSpans)
        for (const one of scopeSpans) spans.push(...(one.spans as Span[]));
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const close = () => server.closeAllConnections();
  t.teardown(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, text: () => text };
}

async function traced(t: Test, env: Record<string, string>) {
  const { target } = await world(t);
  const way = await proxy(target);
  t.teardown(() => way.close());
  const service = launch(process.execPath, [...main, 'serve'], root, {
    DATABASE_URL: `postgres://${target.username}@127.0.0.1:${way.target.port}/${target.database}`,
    PORT: '0',
    BOOTSTRAP_KEY: `first:${SECRET}`,
    BOOTSTRAP_ACCOUNT: ACCOUNT,
    ...env,
  });
  t.teardown(() => service.child.kill('SIGKILL'));
  return service;
}

const attribute = (span: Span | undefined, name: string) => {
  const value = span?.attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
};

t.test('a span for each request and each of its statements, and nothing in them of anybody', async (t) => {
  const { url, spans, text } = await collector(t);
  const service = await traced(t, { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '100' });
  const base = `http://127.0.0.1:${await portOf(service)}`;
  const headers = { authorization: `Bearer first:${SECRET}`, 'content-type': 'application/json', cookie: MARK };
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const event = {
    ...{ id: MARK, type: 'message', sender: 'user', sender_id: MARK, time: '2024-01-08T10:00:00Z' },
    ...{ conversation_id: MARK, text: MARK, conversation: { bot_id: MARK, bot_version: 'LIVE' } },
  };
  const body = JSON.stringify({ events: [event] });
  const sent = await fetch(`${base}/v1/events`, { method: 'POST', headers, body });
  t.equal(sent.status, 200, await sent.text());
  const report = `/v1/bots/${MARK}/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09`;
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const answer = await fetch(base + report, { headers: { ...headers, traceparent } });
  t.equal(answer.status, 200);
  await fetch(`${base}/${MARK}?${MARK}`, { headers });
  await fetch(`${base}/v1/shared/${MARK}${'a'.repeat(34)}`);

  const found = (name: string) => spans.find((span) => span.name === name);
  const names = ['POST /v1/events', 'GET /v1/bots/:bot_id/conversations', 'GET unknown', 'GET /v1/shared/:token'];
  await until(
    () => names.every((name) => found(name) !== undefined),
    () => spans.map(({ name }) => name).join(),
  );
  const reported = found('GET /v1/bots/:bot_id/conversations');
  t.match(reported, { traceId, parentSpanId: 'b7ad6b7169203331', kind: 2 }, 'it belongs to the trace of its caller');
  t.equal(attribute(reported, 'http.route'), '/v1/bots/:bot_id/conversations');
  t.equal(Number(attribute(reported, 'http.response.status_code')), 200);
  t.equal(attribute(reported, 'conversation_reports.request_id'), answer.headers.get('x-request-id'));
  const below = (parent: Span | undefined) => spans.filter((span) => span.parentSpanId === parent?.spanId);
  t.ok(
    below(reported).some(({ name }) => name === 'statement heavy'),
    'the statement of the report',
  );
  const stored = below(found('POST /v1/events'));
  t.ok(
    stored.some(({ name }) => name === 'statement write'),
    'after a body was read too',
  );
  for (const span of below(reported)) {
    t.equal(span.traceId, traceId);
    t.equal(attribute(span, 'db.system.name'), 'postgresql');
    t.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
  }
  t.match(text(), /"service\.name","value":\{"stringValue":"conversation-reports"/);

  await fetch(`${base}/healthz`);
  service.child.kill('SIGTERM');
  t.equal(await service.ended, 0, service.said());
  t.ok(found('GET /healthz'), 'what is left is sent at the end');
  for (const word of [MARK, SECRET, ACCOUNT, 'first', 'select ']) t.notOk(text().includes(word), word);
});

t.test('a collector that is not there costs a line in the log, and no request', async (t) => {
  const service = await traced(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:hunter2@127.0.0.1:9',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  });
  const base = `http://127.0.0.1:${await portOf(service)}`;
  for (let n = 0; n < 5; n++) t.equal((await fetch(`${base}/healthz`)).status, 200);
  await until(() => /spans could not be sent/.test(service.said()), service.said);
  service.child.kill('SIGTERM');
  t.equal(await service.ended, 0, service.said());
  t.notMatch(service.said(), 'hunter2');
});

t.test(
  'without the setting nothing of OpenTelemetry is loaded; with it and without the packages the start says what is missing',
  async (t) => {
    const dir = t.testdir();
    const hidden = join(dir, 'hidden.mjs');
    writeFileSync(
      hidden,
      `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(\`export async function resolve(name, context, next) {
      if (name.startsWith('@opentelemetry/')) throw Object.assign(new Error('hidden'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }\`));`,
    );
    const start = async (env: Record<string, string>) => {
      const { target } = await world(t);
      const way = await proxy(target);
      t.teardown(() => way.close());
      const service = launch(process.execPath, ['--import', hidden, ...main, 'serve'], root, {
        DATABASE_URL: `postgres://${target.username}@127.0.0.1:${way.target.port}/${target.database}`,
        PORT: '0',
        ...env,
      });
      t.teardown(() => service.child.kill('SIGKILL'));
      return service;
    };
    const plain = await start({});
    await portOf(plain);
    plain.child.kill('SIGTERM');
    t.equal(await plain.ended, 0);
    const wanting = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' });
    t.equal(await wanting.ended, 1);
    t.match(wanting.said(), `needs packages that are not installed: npm install ${packages.join(' ')}`);
  },
);
