import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api.js';
import { equals, listFilter } from '../filter.js';
import { duration, moment } from '../format.js';
import { useLoad } from '../load.js';
import { Choice } from '../parts/choice.js';
import { Panel } from '../parts/panel.js';
import { rangeName, rangeOf } from '../range.js';
import { get } from '../request.js';
import { go, hrefOf, type State, state } from '../state.js';
import type { Conversation } from '../types.js';

interface Page {
  conversations: Conversation[];
  next_cursor: string | null;
}

const PAGE = '50';

/** Conversations, newest first: all of the range, or those behind a number of another view. */
export function Conversations() {
  const filter = listFilter(state.value);
  const { q, open, intent } = state.value;
  const whole = get('/v1/conversations', {
    ...rangeOf(state.value),
    filter: filter && JSON.stringify(filter),
    intent: intent || undefined,
    q: q || undefined,
    state: open || undefined,
  });
  const first = { ...whole, query: { ...whole.query, limit: PAGE } };
  const loaded = useLoad(first, (signal) => ask<Page>(first, signal));
  return (
    <Panel
      title="Conversations"
      isWide
      loaded={loaded}
      requests={[whole]}
      aside={<Search />}
      // A search may end its page before it finds anything, and goes on with the next.
      isEmpty={({ conversations, next_cursor }) => conversations.length === 0 && next_cursor === null}
      empty={`No conversation of this kind: ${rangeName(state.value)}.`}
    >
      {(page) => <Pages key={JSON.stringify(first)} first={page} next={first} />}
    </Panel>
  );
}

/** The pages that are shown so far, and the way to one more. */
function Pages({ first, next }: { first: Page; next: ReturnType<typeof get> }) {
  const [more, setMore] = useState<Page[]>([]);
  const [fault, setFault] = useState('');
  const last = more.at(-1) ?? first;
  const load = () => {
    setFault('');
    ask<Page>({ ...next, query: { ...next.query, cursor: last.next_cursor ?? undefined } }).then(
      (page) => setMore([...more, page]),
      (error: Error) => setFault(error.message),
    );
  };
  return (
    <>
      <List conversations={[first, ...more].flatMap((page) => page.conversations)} />
      {last.next_cursor !== null && (
        <p class="more">
          <button type="button" onClick={load}>
            Show more
          </button>
          <span role="alert" class="fault">
            {fault}
          </span>
        </p>
      )}
    </>
  );
}

function List({ conversations }: { conversations: Conversation[] }) {
  return (
    <div class="scroller">
      <table class="data list">
        <thead>
          <tr>
            {['Began', 'Who', 'Where', 'Bot', 'Team', 'Agents', 'Messages', 'Lasted', 'Rating', 'State'].map(
              (label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {conversations.map((one) => (
            <tr key={one.conversation_id}>
              <th scope="row">
                <a href={hrefOf({ view: 'conversation', id: one.conversation_id })}>{moment(one.start_time)}</a>
              </th>
              <td>{one.user_name ?? one.user_id ?? '–'}</td>
              <td>{[one.channel, one.language].filter(Boolean).join(', ') || '–'}</td>
              <td>{[one.bot_id, one.bot_version].filter(Boolean).join(' ') || '–'}</td>
              <td>{one.team_id ?? '–'}</td>
              <td>{one.agent_ids.join(', ') || '–'}</td>
              <td class="number">{one.message_count}</td>
              <td class="number">{duration(one.duration_seconds)}</td>
              <td>
                <Stars value={one.rating} />
              </td>
              <td>{one.state === 'open' ? 'open' : (one.closed_reason ?? 'closed')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A rating of 1 to 5. */
export function Stars({ value }: { value: number | null }) {
  if (value === null) return <>–</>;
  return (
    <span class="stars" role="img" aria-label={`${value} of 5`}>
      {'★'.repeat(value)}
      <i>{'★'.repeat(5 - value)}</i>
    </span>
  );
}

/** The search, and what another view has narrowed the list to. */
function Search() {
  const { q, open, where, intent } = state.value;
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    const wait = setTimeout(() => text !== state.value.q && go({ q: text }, true), 300);
    return () => clearTimeout(wait);
  }, [text]);
  const chips: [text: string, without: Partial<State>][] = [
    ...where.map((one): [string, Partial<State>] => [spoken(one), { where: where.filter((other) => other !== one) }]),
    ...(intent ? [[`intent ${intent}`, { intent: '' }] as [string, Partial<State>]] : []),
  ];
  return (
    <>
      {chips.map(([name, without]) => (
        <button key={name} type="button" class="chip" onClick={() => go(without)} aria-label={`Without: ${name}`}>
          {name} ×
        </button>
      ))}
      <label>
        Search
        <input
          type="search"
          value={text}
          placeholder="Name, address or id"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Choice
        label="State"
        value={open}
        none="Any"
        options={['open', 'closed']}
        set={(value) => go({ open: value as State['open'] })}
      />
    </>
  );
}

const words: Record<string, string> = {
  [equals('is_contained', true)]: 'contained by the bot',
  [equals('is_contained', false)]: 'with an agent',
  'rating>=1': 'rated',
};

/** A condition of the list in words. */
function spoken(condition: string): string {
  const known = words[condition];
  if (known !== undefined) return known;
  const [, dimension = condition, , value] = /^(\w+)(>?=)(.*)$/s.exec(condition) ?? [];
  const name = dimension.replace(/_ids?$/, '').replaceAll('_', ' ');
  return value === undefined ? `no ${name}` : `${name} ${value}`;
}
