import { Command } from 'commander';
import { readContract } from '../src/contract.js';
import { askable } from '../src/queries/vocabulary.js';
import { functions } from '../src/routes/graphql/functions/index.js';
import { median } from './figures.js';
import { graphqlQuestions } from './reports/graphql.js';
import { queryQuestions } from './reports/queries.js';
import { type Question, sumAt } from './reports/question.js';
import { seriesQuestions } from './reports/series.js';
import { checkSample, type Range, ranges, seed } from './reports/world.js';
import { outdate, type Service, startService } from './service.js';

/**
 * `npm run bench:reports`: every operation for a month and for a year, over HTTP, beside SQL by hand for the same numbers on
 * the same server, interleaved in one run. A total of both answers is compared in every round, and one that differs, or is
 * refused, ends the command with 1.
 */
const options = new Command('reports')
  .description('every report for a month and for a year, beside SQL written by hand, interleaved in one run')
  .option('--conversations <n>', 'conversations of five messages each', Number, 1_000_000)
  .option('--quick', '20,000 conversations')
  .option('--only <text>', 'only the operations whose name has this text')
  .parse()
  .opts<{ conversations: number; quick?: true; only?: string }>();
const conversations = options.quick ? 20_000 : options.conversations;

/** Rounds of a question, and the milliseconds after which there are no more of them than the least. */
const [LEAST, MOST, ENOUGH] = [2, 9, 5_000];

const questions = [...seriesQuestions, ...graphqlQuestions, ...queryQuestions];
refuseGaps();

interface Figures {
  question: Question;
  range: Range;
  ours: number[];
  byHand: number[];
  /** Why there is no answer. */
  refusal?: string;
}

/** Throws when an operation of the contract, a function or a dataset has no question. */
function refuseGaps(): void {
  const { paths } = readContract().document as { paths: Record<string, Record<string, { operationId?: string }>> };
  const ids = Object.values(paths).flatMap((path) =>
    Object.values(path).flatMap(({ operationId }) => operationId ?? []),
  );
  // Whose core query `npm run bench` measures, or a look-up of one conversation.
  const elsewhere = new Set([
    'Analytics_GetConversations',
    'Analytics_GetConversationsInsights',
    'Analytics_GetConversationFlow',
    'Analytics_GetTeamConversationsUsage',
    'sessions_per_channel',
    'open_closed_sessions_interval_counts_v2',
    'get_session_content',
  ]);
  const needed = [...ids.filter((id) => id.startsWith('Analytics_')), ...Object.keys(functions), ...askable];
  const asked = new Set(questions.map((question) => question.of));
  const missing = needed.filter((name) => !asked.has(name) && !elsewhere.has(name));
  if (missing.length > 0) throw new Error(`no question for ${missing.join(', ')}`);
}

async function measure(service: Service, question: Question, range: Range): Promise<Figures> {
  const figures: Figures = { question, range, ours: [], byHand: [] };
  const { method, path, body } = question.ask(range);
  const ourTurn = async () => {
    await outdate(service.sql);
    const started = performance.now();
    const text = await service.ask(
      method,
      path,
      body === undefined ? undefined : JSON.stringify(body),
      'application/json',
    );
    figures.ours.push(performance.now() - started);
    const answer = JSON.parse(text);
    if (answer.errors !== undefined) throw new Error(text.slice(0, 300));
    return sumAt(answer, question.told.split('.'));
  };
  const theirTurn = async () => {
    const started = performance.now();
    const rows = await question.byHand(service.sql, range);
    figures.byHand.push(performance.now() - started);
    return sumAt(rows, ['*', 'n']);
  };
  const began = performance.now();
  for (let round = 0; round <= MOST; round++) {
    if (round > LEAST && performance.now() - began > ENOUGH) break;
    try {
      const first = round % 2 === 0 ? await ourTurn() : await theirTurn();
      const second = round % 2 === 0 ? await theirTurn() : await ourTurn();
      // Whole minutes are rounded, and averages come as doubles.
      const near = question.of === 'Analytics_GetVoiceAnalytics' ? 1 : 1e-9 * Math.abs(first);
      if (Math.abs(first - second) > near) figures.refusal = `the answers differ: ${first} and ${second}`;
    } catch (error) {
      figures.refusal = (error as Error).message.slice(0, 300);
    }
    if (figures.refusal !== undefined) break;
    if (round === 0) figures.ours.length = figures.byHand.length = 0; // warming up
  }
  return figures;
}

const shortest = (ms: number) => (ms >= 10 ? Math.round(ms).toLocaleString('en') : ms.toPrecision(2));
const spread = (times: number[]) =>
  `${shortest(median(times))} (${shortest(Math.min(...times))} to ${shortest(Math.max(...times))})`;

function row({ question, range, ours, byHand, refusal }: Figures): string {
  const what = `| ${question.of} | ${question.name} | ${range.name} |`;
  if (refusal !== undefined) return `${what} ${refusal.replaceAll('|', '/').replaceAll('\n', ' ')} | | |`;
  const each = ours.map((ms, n) => ms / (byHand[n] as number));
  return `${what} ${spread(ours)} | ${spread(byHand)} | **${median(each).toFixed(2)}** (${Math.min(...each).toFixed(2)} to ${Math.max(...each).toFixed(2)}) |`;
}

const tell = (what: string) => process.stderr.write(`${what}\n`);
const service = await startService();
try {
  tell(`seeding ${conversations.toLocaleString('en')} conversations of five messages each`);
  await seed(service.sql, conversations);
  await checkSample(service.sql, conversations);
  process.stdout.write('| operation | asked | range | here, ms: median (least to most) | SQL by hand, ms | ratio |\n');
  process.stdout.write('| --- | --- | --- | --- | --- | --- |\n');
  for (const question of questions) {
    if (options.only !== undefined && !`${question.of} ${question.name}`.includes(options.only)) continue;
    for (const range of ranges) {
      const figures = await measure(service, question, range);
      process.stdout.write(`${row(figures)}\n`);
      if (figures.refusal !== undefined) process.exitCode = 1;
    }
  }
  process.stdout.write(`\nResident memory of the service at the end: ${service.residentMb()} MB\n`);
} finally {
  await service.stop();
}
