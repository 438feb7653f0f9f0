import { signal } from '@preact/signals';
import { type Preset, presets } from './range.js';

/**
 * What the page shows. All of it stands in the address behind the `#`, where no server and no log sees it, so that a view
 * can be shared and the browser's Back works. The key is no part of it.
 */
export interface State {
  view: View;
  /** The conversation of the view `conversation`. */
  id: string;
  bot: string;
  version: string;
  team: string;
  range: Preset | 'custom';
  /** Of a custom range; the end is exclusive. */
  start: string;
  end: string;
  zone: string;
  /** Empty: one that fits the range. */
  bucket: string;
  /** The measure of the chart over time. */
  measure: string;
  /** The dimension that splits it. */
  group: string;
  compare: '' | 'previous_period' | 'previous_year';
  /** What narrows the list of conversations: `channel=web`, `rating>=4`, or `team_id` for those without one. */
  where: string[];
  /** An intent of one of their messages. */
  intent: string;
  q: string;
  open: '' | 'open' | 'closed';
  /** The steps behind which flows are drawn. */
  path: string[];
}

export const views = ['overview', 'agents', 'intents', 'flows', 'conversations', 'conversation', 'access'] as const;
export type View = (typeof views)[number];

const initial: State = {
  view: 'overview',
  id: '',
  bot: '',
  version: '',
  team: '',
  range: '30d',
  start: '',
  end: '',
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
  bucket: '',
  measure: 'conversations',
  group: '',
  compare: 'previous_period',
  where: [],
  intent: '',
  q: '',
  open: '',
  path: [],
};

/** What belongs to one view, and is forgotten on the way to another. */
const ofView = { id: '', where: [], intent: '', q: '', open: '', path: [] } satisfies Partial<State>;

/** Reads the part of an address behind its `#`. What it does not say, or says wrongly, is as at first. */
export function readHash(hash: string): State {
  const [, view = '', query = ''] = /^#\/([a-z]*)\??(.*)$/.exec(hash) ?? [];
  const given = new URLSearchParams(query);
  const state: Record<string, unknown> = { ...initial };
  for (const [name, value] of Object.entries(initial)) {
    if (!given.has(name)) continue;
    state[name] = Array.isArray(value) ? given.getAll(name) : given.get(name);
  }
  const read = state as unknown as State;
  read.view = views.find((one) => one === view) ?? initial.view;
  const isRange = read.range === 'custom' ? read.start !== '' && read.end !== '' : read.range in presets;
  if (!isRange) read.range = initial.range;
  return read;
}

/** The address of a state. The zone is always in it: whoever follows it sees the same numbers. */
export function hashOf(state: State): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (name === 'view') continue;
    const isAsAtFirst = JSON.stringify(value) === JSON.stringify(initial[name as keyof State]);
    if (name !== 'zone' && isAsAtFirst) continue;
    for (const one of [value].flat()) query.append(name, one);
  }
  return `#/${state.view}?${query}`;
}

export const state = signal<State>(readHash(location.hash));

addEventListener('hashchange', () => {
  state.value = readHash(location.hash);
});

/** The state after a change; one of the view leaves behind what belongs to the former. */
export function changed(change: Partial<State>): State {
  const now = state.value;
  const leaves = change.view !== undefined && change.view !== now.view;
  return { ...now, ...(leaves ? ofView : {}), ...change };
}

/** The address of a changed state, for links. */
export const hrefOf = (change: Partial<State>): string => hashOf(changed(change));

/** Changes the state, and the address with it. `replace` leaves no step for Back, as while typing. */
export function go(change: Partial<State>, replace = false): void {
  state.value = changed(change);
  const hash = hashOf(state.value);
  if (replace) history.replaceState(null, '', hash);
  else if (hash !== location.hash) history.pushState(null, '', hash);
}
