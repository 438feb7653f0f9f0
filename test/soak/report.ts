import type { Wrong } from './clients.js';
import type { Soaked } from './soak.js';
import type { Row } from './watch.js';

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const number = (value: number) => value.toLocaleString('en');

/** What must be none of. */
export const faultsOf = (soaked: Soaked): [string, number, string[]][] => {
  const of = (name: string, { count, first }: Wrong): [string, number, string[]] => [name, count, first];
  return [
    of('acknowledged events that are missing', soaked.missing),
    of('events that are stored twice, or batches in part', soaked.twice),
    of('answers that disagree with a recount', soaked.wrong),
    of('deaths other than our kills', soaked.deaths),
    of('services that did not come back within a minute', soaked.lost),
    of('answers other than 200, 429 and 503', soaked.unexpected),
    ['rejections that nobody handled', soaked.strays, []],
  ];
};

/** The table by kind of fault, and the totals. */
export function report(soaked: Soaked): string {
  const { rows, leftOut, minutes, batches, events, bounded, recounted, roads, serviceMb, ownMb } = soaked;
  const refused = ({ refused }: Row) =>
    Object.entries(refused)
      .sort()
      .map(([status, count]) => `${number(count)} ${status}`)
      .join(', ') || 'none';
  const isFault = ({ struck }: Row) => struck > 0;
  const lines = rows
    .filter(isFault)
    .map((row) => [
      row.fault,
      String(row.struck),
      number(row.requests),
      refused(row),
      seconds(row.slowest),
      seconds(row.answer),
      seconds(row.acknowledged),
    ]);
  const head = ['fault', 'struck', 'requests', 'of them refused', 'slowest', 'to an answer', 'to a batch'];
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const compared =
    `${number(bounded)} answers lay between what was acknowledged and what was sent, ${number(recounted)} were compared with a ` +
    `recount at rest, ${number(roads.stored + roads.built)} queries were answered alike by segments (${number(roads.built)} with ` +
    `some built in place) and by rows in one snapshot.`;
  return [
    table,
    `${minutes.toFixed(1)} minutes, ${number(batches)} batches acknowledged with ${number(events)} events. ${compared} Memory at most: a ` +
      `service ${serviceMb} MB, the soak itself ${ownMb} MB.`,
    faultsOf(soaked)
      .map(([name, count, first]) => [`- ${name}: ${count}`, ...first.map((one) => `  - ${one}`)].join('\n'))
      .join('\n'),
    ...leftOut.map((kind) => `Left out, as no disk can be mounted here: ${kind}`),
  ].join('\n\n');
}
