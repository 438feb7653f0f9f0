import { ask } from '../api.js';
import { type Branch, Flow, FlowList } from '../charts/flow.js';
import { framed } from '../charts/picture.js';
import { drawnSvg } from '../charts/svg.js';
import { shown } from '../format.js';
import { useAnswer, useLoad } from '../load.js';
import { bots } from '../lookups.js';
import { Panel } from '../parts/panel.js';
import { rangeName, rangeOf } from '../range.js';
import { type ApiRequest, get } from '../request.js';
import { go, hrefOf, state } from '../state.js';
import type { FlowNode } from '../types.js';

/** How many of the steps of a level are asked what comes behind them. */
const WIDTHS = [3, 4, 5];

/** Where people go in a bot's flow and where they leave it, behind the steps that the address names. */
export function Flows() {
  const { bot, version, path } = state.value;
  return bot && version ? <Tree key={`${bot} ${version}`} bot={bot} version={version} path={path} /> : <ChooseBot />;
}

function Tree({ bot, version, path }: { bot: string; version: string; path: string[] }) {
  const base = `/v1/bots/${encodeURIComponent(bot)}/flows`;
  const behind = (steps: string[]): ApiRequest => get(base, { version, ...rangeOf(state.value), path: steps });
  const first = behind(path);
  const title = path.length === 0 ? `Flow of ${bot} ${version}` : `Behind “${path.at(-1)?.replaceAll('_', ' ')}”`;
  const loaded = useLoad([first], (signal) => treeOf(path, behind, signal));
  const href = (steps: string[]) => hrefOf({ path: steps });
  return (
    <div class="panels">
      <Panel
        title={title}
        isWide
        loaded={loaded}
        requests={[first]}
        isEmpty={({ next }) => next?.length === 0}
        empty={`No conversation of ${bot} ${version} went this way: ${rangeName(state.value)}.`}
        png={async () => framed(await drawnSvg('svg.flow'), title, `${bot} ${version}, ${rangeName(state.value)}`)}
      >
        {(root) => (
          <>
            <Way path={path} />
            <Flow label={title} root={root} href={href} />
            <FlowList branches={root.next ?? []} of={root.occurrences} href={href} />
            <p class="hint">
              Conversations that began in the range. Choose a step to see what comes behind it; the most frequent steps
              are followed first.
            </p>
          </>
        )}
      </Panel>
      {path.length > 0 && <StepFacts step={path.at(-1) as string} base={base} />}
    </div>
  );
}

/** Asks what comes behind a path, then behind the most frequent of those, as far as `WIDTHS` goes. */
async function treeOf(path: string[], behind: (path: string[]) => ApiRequest, signal: AbortSignal): Promise<Branch> {
  const root: Branch = { id: path.at(-1) ?? 'start', isEnd: false, occurrences: 0, path, next: undefined };
  let level = [root];
  for (const width of [1, ...WIDTHS]) {
    const followed = level
      .filter(({ isEnd }) => !isEnd)
      .toSorted((a, b) => b.occurrences - a.occurrences)
      .slice(0, width);
    const found = await Promise.all(followed.map(({ path }) => nextOf(path, behind, signal)));
    followed.forEach((one, n) => {
      one.next = found[n];
    });
    level = followed.flatMap(({ next = [] }) => next);
  }
  root.occurrences = (root.next ?? []).reduce((sum, { occurrences }) => sum + occurrences, 0);
  return root;
}

async function nextOf(path: string[], behind: (path: string[]) => ApiRequest, signal: AbortSignal): Promise<Branch[]> {
  const { nodes } = await ask<{ nodes: FlowNode[] }>(behind(path), signal);
  // Leaving is the last of its count, and there is one at most; a step may have the same name.
  const end = path.length > 0 ? nodes.findLastIndex(({ id }) => id === 'DROPOFF') : -1;
  return nodes.map(({ id, occurrences }, n) => ({
    id,
    occurrences,
    isEnd: n === end,
    path: [...path, id],
    next: undefined,
  }));
}

/** The steps up to here, each a way back. */
function Way({ path }: { path: string[] }) {
  if (path.length === 0) return null;
  return (
    <nav class="way" aria-label="Steps up to here">
      <a href={hrefOf({ path: [] })}>start</a>
      {path.map((id, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a step may come twice
        <span key={n}>
          {' → '}
          {n === path.length - 1 ? (
            <b>{id.replaceAll('_', ' ')}</b>
          ) : (
            <a href={hrefOf({ path: path.slice(0, n + 1) })}>{id.replaceAll('_', ' ')}</a>
          )}
        </span>
      ))}
    </nav>
  );
}

interface StepNumbers {
  conversation_count: number;
  drop_off_count: number;
  message_count: number;
}

/** A step in all conversations, on whichever way they came to it. */
function StepFacts({ step, base }: { step: string; base: string }) {
  const { version } = state.value;
  const request = get(`${base}/${encodeURIComponent(step)}`, { version, ...rangeOf(state.value) });
  const loaded = useAnswer<StepNumbers>(request);
  return (
    <Panel title={`“${step.replaceAll('_', ' ')}” in all conversations`} isWide loaded={loaded} requests={[request]}>
      {({ conversation_count, drop_off_count, message_count }) => (
        <p>
          <b>{shown(conversation_count, 'count')}</b> conversations came here on any way,{' '}
          <b>{shown(drop_off_count, 'count')}</b> of them ended here, and <b>{shown(message_count, 'count')}</b>{' '}
          messages were written in it.
        </p>
      )}
    </Panel>
  );
}

/** Flows are those of one version of a bot. */
function ChooseBot() {
  const { bot } = state.value;
  const offered = bots.value.filter(({ bot_id }) => !bot || bot_id === bot);
  return (
    <section class="panel wide nothing">
      <h2>Which bot?</h2>
      <p>A flow is that of one version of a bot.</p>
      <ul class="choices">
        {offered.flatMap(({ bot_id, bot_versions }) =>
          bot_versions.map((name) => (
            <li key={`${bot_id} ${name}`}>
              <button type="button" onClick={() => go({ bot: bot_id, version: name })}>
                {bot_id} {name}
              </button>
            </li>
          )),
        )}
      </ul>
    </section>
  );
}
