import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { duration, moment } from '../format.js';
import { useLoad } from '../load.js';
import { Panel } from '../parts/panel.js';
import { get } from '../request.js';
import { hrefOf, state } from '../state.js';
import type { Message, Note, Step, Transcript } from '../types.js';
import { Stars } from './conversations.js';

/** An entry of the transcript. */
type Entry = ({ kind: 'message' } & Message) | ({ kind: 'step' } & Step) | ({ kind: 'note' } & Note);

/** One conversation: its facts, and what was said, done and noted, in order of time. */
export function Conversation() {
  const { id, zone } = state.value;
  const request = get(`/v1/conversations/${encodeURIComponent(id)}`, { time_zone: zone });
  const loaded = useLoad(request, async (signal) => {
    const first = await ask<Transcript>(request, signal);
    for (let cursor = first.next_cursor; cursor !== null; ) {
      const page = await ask<Transcript>({ ...request, query: { ...request.query, cursor } }, signal);
      first.messages.push(...page.messages);
      first.steps.push(...page.steps);
      cursor = page.next_cursor;
    }
    return first;
  });
  const back = hrefOf({ view: 'conversations' });
  return (
    <>
      <p>
        <a href={back}>← Conversations</a>
      </p>
      <Panel title={`Conversation ${id}`} isWide loaded={loaded} requests={[request]} hasCsv={false}>
        {(conversation) => (
          <div class="conversation">
            <Facts of={conversation} />
            <Entries of={conversation} />
          </div>
        )}
      </Panel>
    </>
  );
}

function Facts({ of }: { of: Transcript }) {
  const facts: [name: string, value: preact.ComponentChildren][] = [
    ['Began', moment(of.start_time, true)],
    ['Lasted', duration(of.duration_seconds)],
    ['State', of.state === 'open' ? 'open' : `closed (${of.closed_reason ?? 'closed'})`],
    ['User', [of.user_name, of.user_email, of.user_id].filter(Boolean).map((one) => <div key={one}>{one}</div>)],
    ['Channel, language', [of.channel, of.language].filter(Boolean).join(', ') || '–'],
    ['Bot', [of.bot_id, of.bot_version].filter(Boolean).join(' ') || '–'],
    ['Team', of.team_id ?? '–'],
    ['Agents', of.agent_ids.join(', ') || '–'],
    ['First response', of.first_response_seconds === null ? '–' : duration(of.first_response_seconds)],
    ['Resolved in', of.resolution_seconds === null ? '–' : duration(of.resolution_seconds)],
    ['Rating', <Stars key="rating" value={of.rating} />],
    ['Tags', of.tags?.join(', ') || '–'],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Entries({ of }: { of: Transcript }) {
  const [hasSteps, setSteps] = useState(true);
  const entries: Entry[] = [
    ...of.messages.map((one) => ({ kind: 'message' as const, ...one })),
    ...(hasSteps ? of.steps.map((one) => ({ kind: 'step' as const, ...one })) : []),
    ...of.notes.map((one) => ({ kind: 'note' as const, ...one })),
  ];
  entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time)); // stable: the API's order within a millisecond
  return (
    <div>
      {of.steps.length > 0 && (
        <label class="check">
          <input type="checkbox" checked={hasSteps} onChange={(event) => setSteps(event.currentTarget.checked)} />
          Show the {of.steps.length} steps of the flow
        </label>
      )}
      <ol class="transcript">
        {entries.map((entry, n) => (
          <li key={'id' in entry ? entry.id : `note ${n}`} class={classOf(entry)}>
            <Line entry={entry} user={of.user_name ?? 'User'} />
          </li>
        ))}
      </ol>
    </div>
  );
}

const classOf = (entry: Entry) => (entry.kind === 'message' ? `message ${entry.sender}` : entry.kind);

function Line({ entry, user }: { entry: Entry; user: string }) {
  const clock = <time dateTime={entry.time}>{entry.time.slice(11, 19)}</time>;
  if (entry.kind === 'step') {
    return (
      <p>
        {clock} Step <b>{entry.to_step.id}</b> <span class="type">{entry.to_step.type}</span>
      </p>
    );
  }
  if (entry.kind === 'note') {
    return (
      <>
        <p class="by">
          {clock} Note of {entry.sender_name ?? entry.sender_id ?? 'nobody named'}
        </p>
        <p>{entry.text}</p>
      </>
    );
  }
  return <Said message={entry} user={user} />;
}

function Said({ message, user }: { message: Message; user: string }) {
  const more = [
    message.response_time_seconds !== null && `after ${duration(message.response_time_seconds)}`,
    message.intent && `intent ${message.intent}`,
    message.confidence !== undefined && `${Math.round(100 * message.confidence)}% sure`,
    message.edited_time && 'edited',
  ].filter(Boolean);
  const who = { user, bot: 'Bot', agent: message.sender_name ?? message.sender_id ?? 'Agent' }[message.sender];
  return (
    <>
      <p class="by">
        <time dateTime={message.time}>{message.time.slice(11, 19)}</time> <b>{who}</b> {more.join(' · ')}
      </p>
      {message.deleted_time ? <p class="gone">This message was deleted.</p> : <Words {...message} />}
    </>
  );
}

function Words({ text, content }: Message) {
  if (text !== undefined) return <p class="words">{text}</p>;
  return content === undefined ? null : <pre>{JSON.stringify(content, null, 2)}</pre>;
}
