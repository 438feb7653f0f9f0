/** Milliseconds or rates of the rounds of one thing. */
export type Samples = number[];

export const median = (samples: Samples): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

/** A line of the result: what is measured, beside what, and the ratio of the two in each round. */
export interface Line {
  name: string;
  unit: string;
  ours: Samples;
  peer: Samples;
  peerName: string;
  /** What the ratio should be: at least, for rates; at most, for times. */
  target: number;
  better: 'higher' | 'lower';
}

export const ratios = ({ ours, peer }: Line): Samples => ours.map((value, n) => value / (peer[n] as number));

const short = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));

/** The lines as a Markdown table. */
export function table(lines: Line[]): string {
  const rows = lines.map((line) => {
    const all = ratios(line);
    const ratio = median(all);
    const met = line.better === 'higher' ? ratio >= line.target : ratio <= line.target;
    return [
      line.name,
      `${short(median(line.ours))} ${line.unit}`,
      `${short(median(line.peer))} ${line.unit} (${line.peerName})`,
      `**${ratio.toFixed(2)}** (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`,
      `${line.better === 'higher' ? 'at least' : 'at most'} ${line.target}${met ? '' : ', missed'}`,
    ];
  });
  const head = ['measured', 'here', 'beside', 'ratio: median (lowest to highest)', 'target'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
