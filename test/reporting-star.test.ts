import t, { type Test } from 'tap';
import { ACCOUNT, ask, world } from './harness.js';
import { type StarMessage, type StarOrder, skipStar, star, starRows, starTeam } from './tools/star.js';

const day = new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Helsinki', dateStyle: 'short' });

/** One dialogue as the source has it. */
interface Dialogue {
  /** The day of its first message in Helsinki. */
  day: string;
  fromUsers: number;
  fromAgents: Map<string, StarMessage[]>;
}

function dialoguesOf(messages: StarMessage[]): Map<string, Dialogue> {
  const dialogues = new Map<string, Dialogue>();
  for (const message of messages) {
    const { conversation_id: id, sender_role, user_id, time } = message;
    const dialogue = dialogues.get(id) ?? { day: day.format(new Date(time)), fromUsers: 0, fromAgents: new Map() };
    dialogues.set(id, dialogue);
    if (sender_role === 'user') dialogue.fromUsers++;
    else dialogue.fromAgents.set(user_id, [...(dialogue.fromAgents.get(user_id) ?? []), message]);
  }
  return dialogues;
}

/** Counts by key, keys in order. */
function tally(keys: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys.sort()) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

t.test(
  'star: chats and orders, counted from the files of the source',
  {
    skip: skipStar,
  },
  async (t) => {
    const w = await world(t, star);
    const [app, key] = [await w.app(), await w.key()];
    const byId = dialoguesOf(starRows<StarMessage>('messages'));
    const dialogues = [...byId.values()];

    /** The answer's rows as `day group group`: number. Rows with 0 are left out. */
    async function report(t: Test, filters: object[], group_by: string[], aggregation: object = { type: 'count' }) {
      const answer = await ask(app, key, {
        method: 'POST',
        url: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`,
        payload: {
          interval: { start: '2020-05-12', end: '2020-05-28', time_zone: 'Europe/Helsinki' },
          granularity: 'day',
          aggregations: [aggregation],
          group_by,
          filters: { type: 'and', fields: filters },
        },
      });
      t.equal(answer.status, 200, answer.text.slice(0, 200));
      t.notOk('report-notice' in answer.headers);
      const rows: [string, ...(string | number)[]][] = answer.body.data;
      return Object.fromEntries(
        rows
          .map(([time, ...rest]) => [[time.slice(0, 10), ...rest.slice(0, -1)].join(' '), rest.at(-1)] as const)
          .filter(([, number]) => number !== 0),
      );
    }
    const scope = (value: string) => ({ type: 'selector', dimension: 'scope', value });
    const atLeast = (dimension: string, lower: number) => ({ type: 'bound', dimension, lower, ordering: 'numeric' });
    const real = [atLeast('visitor_message_count', 1), atLeast('user_message_count', 2)];
    const total = (counts: Record<string, unknown>) => Object.values(counts).reduce<number>((a, b) => a + Number(b), 0);

    await t.test('real chats', async (t) => {
      const heard = dialogues.filter(({ fromUsers }) => fromUsers >= 1);
      const writers = heard.flatMap((dialogue) =>
        [...dialogue.fromAgents].map(([agent, { length }]) => ({ ...dialogue, agent, length })),
      );
      const atOrg = tally(
        heard.filter(({ fromAgents }) => [...fromAgents.values()].flat().length >= 2).map((dialogue) => dialogue.day),
      );
      const teams = heard.flatMap((dialogue) => {
        const messages = [...dialogue.fromAgents.values()].flat();
        const byTeam = tally(messages.map(({ user_id }) => starTeam(user_id)));
        return Object.entries(byTeam).flatMap(([team, count]) => (count >= 2 ? [`${dialogue.day} ${team}`] : []));
      });
      const users = writers.filter(({ length }) => length >= 2).map(({ day, agent }) => `${day} ${agent}`);
      t.strictSame(await report(t, [scope('org'), ...real], []), atOrg, 'by day');
      t.strictSame(await report(t, [scope('team'), ...real], ['team_id']), tally(teams), 'by day and team');
      t.strictSame(await report(t, [scope('user'), ...real], ['user_id']), tally(users), 'by day and agent');
      t.comment(`real chats: ${total(atOrg)} at org, ${teams.length} at team, ${users.length} at user scope`);
      t.ok(total(atOrg) > 4_000 && new Set(users).size > 400);
    });

    await t.test('missed chats', async (t) => {
      const missed = dialogues.filter(({ fromUsers, fromAgents }) => fromUsers >= 1 && fromAgents.size === 0);
      const filters = [scope('org'), atLeast('visitor_message_count', 1)];
      const none = { type: 'selector', dimension: 'user_message_count', value: 0 };
      t.strictSame(await report(t, [...filters, none], []), tally(missed.map((dialogue) => dialogue.day)));
      t.comment(`missed chats: ${missed.length}`);
      t.ok(missed.length > 0);
    });

    await t.test('orders of an agent: those at or after its first message', async (t) => {
      const counted = starRows<StarOrder>('orders').filter(({ conversation_id, agent_id, time }) => {
        const first = byId.get(conversation_id)?.fromAgents.get(agent_id)?.[0];
        return first !== undefined && time >= first.time;
      });
      t.equal(counted.length, 3_009, 'of 3,016');
      const named = ({ conversation_id, agent_id }: (typeof counted)[number]) =>
        `${byId.get(conversation_id)?.day} ${agent_id}`;
      const sums: Record<string, number> = {};
      for (const order of counted) {
        if (order.amount !== null) sums[named(order)] = (sums[named(order)] ?? 0) + order.amount;
      }
      const sum = (field: string) => ({ type: 'sum', fields: [field] });
      t.strictSame(await report(t, [scope('user')], ['user_id'], sum('order_count')), tally(counted.map(named)));
      t.strictSame(await report(t, [scope('user')], ['user_id'], sum('sales')), sums);
      t.equal(total(await report(t, [scope('org')], [], sum('order_count'))), 3_016, 'all of them at org');
    });
  },
);
