import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { readContract } from '../src/contract.js';
import { bombs, bombsOfQueries } from './attack/bombs.js';
import { functionsOf, introspection, type Types } from './attack/graphql.js';
import { chance } from './attack/random.js';
import { ACCOUNT, type Attack, requestsOf } from './attack/requests.js';
import { type Answer, type Health, type Sent, target } from './attack/target.js';
import { contracted } from './contract/answers.js';
import { type Document, operationsOf } from './contract/document.js';
import { world } from './harness.js';
import { inForm, isFull, isTimed } from './tools/form.js';

/** The long form, `npm run test:attack`, is for a machine that does nothing else: what depends on time is held there alone. */
const REQUESTS = inForm(300, isTimed ? 20_000 : 1_000);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const AT_ONCE = 8;
/** One of so many requests is a bomb. */
const BOMB_EACH = 200;

const KEY = 'attack:the-key-of-the-attack';

/** Milliseconds that `/healthz` may take beside any single request, and MB that the process may have. */
const MOST_MS = 300;
const MOST_MB = 600;

const document = readContract().document as Document;

const skip = process.platform !== 'linux' && 'reads the memory of the service from /proc';

t.test(`${REQUESTS} requests, valid and hostile, with bombs beside them (seed ${SEED})`, { skip }, async (t) => {
  const w = await world(t);
  const service = await target(t, w, { BOOTSTRAP_ACCOUNT: ACCOUNT, BOOTSTRAP_KEY: KEY });
  const random = chance(SEED);
  const { faultsOf } = contracted(document);
  const json = { 'content-type': 'application/json' };
  const graphql = (query: string) => ({
    method: 'POST' as const,
    url: '/v1/graphql',
    payload: JSON.stringify({ query }),
  });

  const examples = document.paths['/v1/events']?.post?.requestBody?.content['application/json']?.examples ?? {};
  for (const { value } of Object.values(examples)) {
    const stored = await service.ask(KEY, {
      method: 'POST',
      url: '/v1/events',
      payload: JSON.stringify(value),
      headers: json,
    });
    t.equal(stored.status, 200, stored.text);
  }
  const schema = await service.ask(KEY, { ...graphql(introspection), headers: json });
  const types = JSON.parse(schema.text).data.__schema.types as Types;
  const next = requestsOf(document, types, random);
  const allBombs = [
    ...bombs.map(([name, { headers, ...sent }]) => ({ name, sent: { ...sent, headers } as Sent })),
    ...bombsOfQueries(ACCOUNT).map(([name, sent]) => ({ name, sent: { ...sent, headers: json } as Sent })),
  ];

  /** How often each operation gave each status; a refusal of GraphQL is told apart from an answer. */
  const tally = new Map<string, Map<string, number>>();
  const note = (of: string, label: string) => {
    const own = tally.get(of) ?? new Map<string, number>();
    tally.set(of, own.set(label, (own.get(label) ?? 0) + 1));
  };
  function hold(of: string, sent: Sent, answer: Answer): void {
    const { status, text } = answer;
    const isRefused = status === 200 && sent.url.startsWith('/v1/graphql') && text.includes('"errors"');
    note(of, isRefused ? 'errors' : String(status));
    const shown = `${sent.method} ${sent.url.slice(0, 500)} ${String(sent.payload ?? '').slice(0, 1_000)}`;
    if (status >= 500 || /"code":"(unexpected|unavailable)"/.test(text))
      t.fail(`${shown} answers ${status}: ${text.slice(0, 500)}`);
    for (const fault of faultsOf(sent.method, sent.url, answer)) t.fail(`${shown} answers ${status}: ${fault}`);
  }

  let sent = 0;
  const attacker = async () => {
    while (sent < REQUESTS) {
      if (++sent % BOMB_EACH === 0) {
        const bomb = random.pick(allBombs);
        hold('bombs', bomb.sent, await service.ask(KEY, bomb.sent));
        continue;
      }
      const attack = next(random.is(0.6) ? 0 : random.pick([0.03, 0.15, 0.4]));
      const request = sentOf(attack);
      hold(attack.of, request, await service.ask(KEY, request));
    }
  };
  await service.health();
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, attacker));
  const seconds = (performance.now() - began) / 1_000;
  const crowded = await service.health();

  const alone: (Health & { name: string })[] = [];
  for (const bomb of allBombs) {
    await delay(100);
    await service.health();
    await service.ask(KEY, bomb.sent);
    await delay(30);
    alone.push({ name: bomb.name, ...(await service.health()) });
  }
  alone.sort((a, b) => b.worst - a.worst);
  const [worst] = alone as [Health & { name: string }];

  const total = new Map<string, number>();
  for (const own of tally.values()) for (const [label, count] of own) total.set(label, (total.get(label) ?? 0) + count);
  const answered = (total.get('200') ?? 0) / REQUESTS;
  const lines = [
    `attack (seed ${SEED}): ${REQUESTS} requests in ${Math.round(seconds)} s, statuses ${inWords(total)}`,
    `worst /healthz beside all ${inMs(crowded)}; beside one ${inMs(worst)} (${worst.name}); peak ${service.peakMb()} MB`,
    ...(isFull || process.env.ATTACK_TELL ? [...tally].sort().map(([of, own]) => `  ${of}: ${inWords(own)}`) : []),
    ...(isFull ? alone.slice(0, 5).map((one) => `  alone, ${one.name}: ${inMs(one)}`) : []),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);

  t.ok(service.isAlive(), 'the process that was attacked still runs');
  t.equal(crowded.failures, 0, '/healthz always answers');
  t.notMatch(service.said(), /"level":[56]0/, 'no line of its log is an error');
  t.ok(answered > 0.4, `${Math.round(answered * 100)} % were answered`);
  t.ok(service.peakMb() < MOST_MB, `at most ${service.peakMb()} MB`);
  if (isFull) {
    if (isTimed) t.ok(worst.worst < MOST_MS, `${worst.name} delays others: ${inMs(worst)}`);
    const all = [
      ...operationsOf(document)
        .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
        .filter((of) => !of.endsWith('/v1/graphql')),
      ...functionsOf(types).map((name) => `POST /v1/graphql ${name}`),
    ];
    // Who knows no secret and no id that the service made finds nothing at their addresses.
    const expected = (of: string) => {
      if (/\{(key_id|link_id|erasure_id|token)\}/.test(of)) return ['404'];
      return ['200', '201', '202', '204', ...(/\{source\}/.test(of) ? ['404'] : [])]; // others delete the one that there is
    };
    // By chance a function is asked a few times only, and hostile each time; among 20,000 requests that does not happen.
    const asked = (of: string) => [...(tally.get(of)?.values() ?? [])].reduce((a, b) => a + b, 0);
    const often = all.filter((of) => isTimed || asked(of) >= 10);
    t.ok(often.length > all.length / 3, `${often.length} of ${all.length} were asked often`);
    t.strictSame(
      often.filter((of) => !expected(of).some((status) => tally.get(of)?.has(status))),
      [],
      'each operation and function was answered',
    );
  }

  const tables = async () =>
    w.sql`select
      (select coalesce(json_agg(c order by c.conversation_id), '[]')::text from conversations c) as conversations,
      (select coalesce(json_agg(p order by p.conversation_id, p.scope, p.participant_id), '[]')::text from participations p) as participations,
      (select coalesce(json_agg(o order by o.conversation_id, o.order_id), '[]')::text from orders o) as orders`;
  const before = await tables();
  t.ok(before[0]?.conversations.length > 2, 'some of the events were taken');
  await w.sql`select refold(${ACCOUNT}::uuid, array(select conversation_id from conversations))`;
  t.strictSame(await tables(), before, 'every row equals a fresh fold');
});

const sentOf = ({ method, url, payload, type }: Attack): Sent => ({
  method,
  url,
  ...(payload === undefined ? {} : { payload, headers: { 'content-type': type as string } }),
});

const inMs = ({ held, worst }: Health) => `${Math.round(held)} ms (${Math.round(worst)} by the clock)`;

const inWords = (counts: Map<string, number>) =>
  [...counts]
    .sort()
    .map(([label, count]) => `${label} ${count}`)
    .join(', ');
