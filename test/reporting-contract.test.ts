import t from 'tap';
import { readContract } from '../src/contract.js';
import { InvalidRequest } from '../src/errors.js';
import { Faults } from '../src/http/faults.js';
import { readBody } from '../src/http/json.js';
import { parseReport } from '../src/routes/reporting/parse.js';
import { contracted } from './contract/answers.js';
import { type Document, operationsOf } from './contract/document.js';
import { type Random, random } from './fold/events.js';
import { ACCOUNT } from './harness.js';
import { randomConversation, randomQuestion } from './reporting/random.js';
import { rowsOf } from './reporting/rows.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);

const document = readContract().document as Document;
const contract = contracted(document);
const operation = operationsOf(document).find(({ operation }) => operation.operationId === 'queryChatSessions');
const schema = operation?.operation.requestBody?.content['application/json']?.schema ?? {};

/** The paths of what the service finds wrong with a body. */
function refused(body: unknown): string[] {
  const faults = new Faults({ validationError: undefined, routeOptions: {} } as ConstructorParameters<
    typeof Faults
  >[0]);
  try {
    parseReport(readBody(Buffer.from(JSON.stringify(body)), faults), faults);
    faults.check();
    return [];
  } catch (error) {
    if (error instanceof InvalidRequest) return error.faults.map(({ path }) => path);
    throw error;
  }
}

/** A copy in which one thing, anywhere, is another or gone. */
function altered(r: Random, value: unknown): unknown {
  const copy = structuredClone(value);
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const visit = (holder: Record<string, unknown>) => {
    for (const key of Object.keys(holder)) {
      places.push([holder, key]);
      if (typeof holder[key] === 'object' && holder[key] !== null) visit(holder[key] as Record<string, unknown>);
    }
  };
  visit(copy as Record<string, unknown>);
  const [holder, key] = r.pick(places);
  const change = r.pick(['gone', 'named', 'more', 'other', 'other', 'other']);
  if (change === 'more') holder[Array.isArray(holder) ? String(holder.length) : 'extra'] = 1;
  else if (change === 'other')
    holder[key] = r.pick([null, 1, true, 'x', '', [], {}, ['x'], { type: 'count' }, 'sales']);
  else {
    if (change === 'named' && !Array.isArray(holder)) holder[`${key}s`] = holder[key];
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  }
  return copy;
}

t.test(`the contract and the parser read the same questions (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  const rows = Array.from({ length: 60 }, (_, n) => rowsOf(ACCOUNT, randomConversation(r, `c${n}`))).flat();
  let [accepted, unseen] = [0, 0];
  for (let n = 0; n < 5_000; n++) {
    const question = JSON.parse(JSON.stringify(randomQuestion(r, rows)));
    const [theirs, ours] = [contract.faultsOfValue(schema, question), refused(question)];
    if (theirs.length + ours.length > 0) t.fail(`question ${n}`, { question, theirs, ours });
    const other = altered(r, question);
    const [outside, paths] = [contract.faultsOfValue(schema, other).length > 0, refused(other)];
    if (outside && paths.length === 0 && ++unseen < 5)
      t.fail(`question ${n}: accepted against the contract`, { other });
    if (!outside && paths.length === 0) accepted++;
  }
  t.equal(unseen, 0);
  t.ok(accepted > 500 && accepted < 4_000, `${accepted} of the altered ones are questions too`);
});
