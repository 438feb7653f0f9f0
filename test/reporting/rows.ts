/** The rows that reports are about, made from folded conversations, sentence by sentence from what each dimension means. */
import { type Event, fold } from '../fold/fold.js';

/** Money in millionths, so that it adds up exactly. */
export type Micros = bigint;

export interface Row {
  start: number;
  /** The conversation's own team and bot, which keys are narrowed to. */
  team: string | null;
  bot: string | null;
  /** Organizations that may see the row. */
  seenBy: string[];
  orders: Order[];
  texts: Record<string, string | null>;
  lists: Record<string, string[]>;
  counts: Record<string, number>;
}

export interface Order {
  amount: Micros;
  subscription: boolean;
  currency: string | null;
}

export const micros = (decimal: string): Micros => {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const value = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return decimal.startsWith('-') ? -value : value;
};

/** The rows of one conversation: none when it is withdrawn. */
export function rowsOf(account: string, events: Event[]): Row[] {
  const { conversation: c, orders, participations } = fold(account, events);
  if (c.withdrawn) return [];
  const attributes = c as unknown as Record<string, string | null>;
  const row = (scope: string, from: number, own: Partial<Row> & { agentMessages: number }): Row => ({
    start: Date.parse(c.start_time),
    team: attributes.team_id ?? null,
    bot: attributes.bot_id ?? null,
    seenBy: own.seenBy ?? [],
    orders: orders
      .filter((order) => Date.parse(order.time) >= from)
      .map(({ amount, subscription, currency }) => ({ amount: micros(amount), subscription, currency })),
    texts: {
      scope,
      chat_session_id: events[0]?.conversation_id,
      chat_type: c.chat_type,
      chat_initiator: c.chat_initiator ?? null,
      owner_organization_id: account,
      team_id: null,
      user_id: null,
      user_organization_id: null,
      is_test: String(c.is_test),
      ...own.texts,
    },
    lists: {
      chatted_organization_ids: scope === 'org' ? c.organization_ids : [],
      room_ids: c.room_ids,
      visitor_ids: c.visitor_ids,
      visitor_session_ids: c.visitor_session_ids,
    },
    counts: { user_message_count: own.agentMessages, visitor_message_count: c.user_messages },
  });
  return [
    row('org', Number.NEGATIVE_INFINITY, { agentMessages: c.agent_messages, seenBy: c.organization_ids }),
    ...participations.map((p) =>
      row(p.scope, Date.parse(p.joined_at), {
        agentMessages: p.agent_messages,
        seenBy: p.scope === 'user' ? [p.user_organization_id as string] : p.organization_ids,
        texts:
          p.scope === 'team'
            ? { team_id: p.participant_id }
            : { user_id: p.participant_id, user_organization_id: p.user_organization_id },
      }),
    ),
  ];
}

/** A row for each currency of its orders, one of them null where an order names none, or where there are none. */
export function splitByCurrency(row: Row): Row[] {
  const currencies = row.orders.length === 0 ? [null] : [...new Set(row.orders.map(({ currency }) => currency))];
  return currencies.map((currency) => ({
    ...row,
    texts: { ...row.texts, currency },
    orders: row.orders.filter((order) => order.currency === currency),
  }));
}

export const sales = (orders: Order[]): Micros => orders.reduce((sum, { amount }) => sum + amount, 0n);

/** A numeric dimension of a row in millionths. */
export function numberOf({ counts, orders }: Row, dimension: string): Micros {
  if (dimension === 'order_count') return BigInt(orders.length) * 1_000_000n;
  if (dimension === 'sales') return sales(orders);
  if (dimension === 'subscription_sales') return sales(orders.filter(({ subscription }) => subscription));
  return BigInt(counts[dimension] as number) * 1_000_000n;
}
