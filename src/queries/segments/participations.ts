import { clock, code, flag, number, numeric, run, type StoredColumn, text, timed } from './columns.js';
import type { Section } from './section.js';

const columns = {
  scope: run(code((sql) => sql`p.scope`)),
  bot: run(code((sql) => sql`c.bot_id`)),
  chat_type: run(code((sql) => sql`c.chat_type`)),
  ...timed,
  conversation_team: code((sql) => sql`c.team_id`),
  account: code((sql) => sql`c.account_id::text collate "C"`),
  chat_initiator: code((sql) => sql`c.chat_initiator`),
  is_test: flag((sql) => sql`c.is_test`),
  team_id: code((sql) => sql`p.team_id`),
  agent_id: code((sql) => sql`p.agent_id`),
  agent_organization_id: code((sql) => sql`p.agent_organization_id`),
  agent_messages: number((sql) => sql`p.agent_messages`),
  user_messages: number((sql) => sql`c.user_messages`),
  orders: number((sql) => sql`p.order_count`),
  /** The number of the conversation in its segment, from 1. */
  conversation: number((sql) => sql`dense_rank() over (partition by u.unit order by c.conversation_id)`),
} satisfies Record<string, StoredColumn>;

/**
 * The participations of the conversations of a segment. Lists, money and currencies are answered by the raw road: a query
 * of a currency works on other rows.
 */
export const participations: Section<'participations', keyof typeof columns> = {
  prefix: 'p_',
  rows: (sql, account) => sql`
    cross join lateral (
      select 'org' collate "C" as scope, null::text collate "C" as team_id, null::text collate "C" as agent_id,
        null::text collate "C" as agent_organization_id, c.agent_messages, c.order_count
      union all
      select p.scope, case when p.scope = 'team' then p.participant_id end,
        case when p.scope = 'user' then p.participant_id end, case when p.scope = 'user' then p.user_organization_id end,
        p.agent_messages, p.order_count
      from participations p where p.account_id = ${account}::uuid and p.conversation_id = c.conversation_id
    ) p`,
  columns,
  restricted: { teams: 'conversation_team_id', bots: 'conversation_bot_id' },
  fields: {
    scope: text('scope'),
    account_id: text('account'),
    conversation_id: { as: 'conversation', column: 'conversation' },
    team_id: text('team_id'),
    agent_id: text('agent_id'),
    agent_organization_id: text('agent_organization_id'),
    chat_type: text('chat_type'),
    chat_initiator: text('chat_initiator'),
    is_test: { as: 'boolean', column: 'is_test', isText: true },
    agent_message_count: numeric('agent_messages'),
    user_message_count: numeric('user_messages'),
    order_count: numeric('orders'),
    conversation_team_id: text('conversation_team'),
    conversation_bot_id: text('bot'),
    ...clock,
  },
};
