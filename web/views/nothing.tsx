import { base } from '../base.js';
import { moment } from '../format.js';
import { useAnswer } from '../load.js';
import { Copyable } from '../parts/copyable.js';
import { Failure } from '../parts/panel.js';
import { edge, endAfter } from '../range.js';
import { get } from '../request.js';
import { me } from '../session.js';
import { hrefOf, state } from '../state.js';
import type { Conversation } from '../types.js';

/** What to do where there is nothing to show: another range, or the first event. */
export function Nothing() {
  const { zone } = state.value;
  const latest = useAnswer<{ conversations: Conversation[] }>(
    get('/v1/conversations', { limit: '1', time_zone: zone }),
  );
  if (latest.error) return <Failure error={latest.error} retry={latest.retry} />;
  if (latest.data === undefined) return <p class="waiting">Loading …</p>;
  const [last] = latest.data.conversations;
  if (last === undefined) return <FirstEvent />;
  const date = last.start_time.slice(0, 10);
  const month = `${date.slice(0, 7)}-01`;
  return (
    <section class="panel wide nothing">
      <h2>No conversations here</h2>
      <p>
        None began in this range{state.value.bot || state.value.team ? ' with the chosen bot and team' : ''}. The latest
        of all began on {moment(last.start_time)}.
      </p>
      <p>
        <a href={hrefOf({ range: 'custom', start: edge(month), end: endAfter(date), bot: '', version: '', team: '' })}>
          Show its month
        </a>
      </p>
    </section>
  );
}

/** How to send the first event. */
function FirstEvent() {
  const now = new Date().toISOString();
  const event = {
    id: '1',
    type: 'message',
    time: now,
    conversation_id: 'first',
    sender: 'user',
    sender_id: 'ann',
    text: 'Hello',
    conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' },
  };
  const command = [
    `export KEY='...'   # a key that may write, of account ${me.value?.account_id ?? '...'}`,
    `curl -u "$KEY" ${location.origin}${base}/v1/events -H 'Content-Type: application/json' \\`,
    `  -d '${JSON.stringify({ events: [event] })}'`,
  ].join('\n');
  return (
    <section class="panel wide nothing">
      <h2>This account has no conversations yet</h2>
      <p>Send the first event, then choose “Today”:</p>
      <Copyable label="Command" text={command} />
      <p>
        <a href={`${base}/docs`}>All events</a> are in the API reference. Files and tables can be{' '}
        <code>npx conversation-reports import</code>ed.
      </p>
    </section>
  );
}
