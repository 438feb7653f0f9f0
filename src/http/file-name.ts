import { formatInstant } from '../queries/time/instant.js';
import { EVER, type Window } from '../queries/time/window.js';

/** What the file of a CSV is named after. */
export interface Named {
  /** Default: the words of the path. */
  name?: string;
  window?: Window;
}

/** The header that names the file of a CSV: `conversations-2024-01-01-to-2024-02-01.csv`. */
export function disposition(url: string, { name = nameOf(url), window }: Named): string {
  const { from, to, zone } = window ?? { ...EVER, zone: 'UTC' };
  const start = from === EVER.from ? '' : `-${window && to === EVER.to ? 'from-' : ''}${timeOf(from, zone)}`;
  const end = to === EVER.to ? '' : `-to-${timeOf(to, zone)}`;
  return `attachment; filename="${name}${start}${end}.csv"`;
}

/** The words of a route: `flows-edges` for `/v1/bots/:bot_id/flows/:step_id/edges`. */
function nameOf(url: string): string {
  const path = url.replace(/^.*\/v1\//, '').replace(/^[a-z]+\/:\w+\//, '');
  return path.replace(/\/:\w+/g, '').replaceAll(/[/_]/g, '-');
}

/** A local time without what files may not have in their names: `2024-01-08`, or `2024-01-08T0915`. */
function timeOf(instant: number, zone: string): string {
  const text = formatInstant(instant, zone, 'local');
  return text
    .replace(/T00:00:00$/, '')
    .replace(/:00$/, '')
    .replaceAll(':', '');
}
