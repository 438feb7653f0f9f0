/**
 * The fold of one conversation's events, written a second time and apart from the SQL: slow, plain, sentence by sentence
 * from the definition of the product. The tests hold the tables against it.
 */

// biome-ignore lint/suspicious/noExplicitAny: events as a sender writes them
export type Event = Record<string, any>;

const compareText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

const inOrder = (a: Event, b: Event) =>
  Date.parse(a.time) - Date.parse(b.time) || (a.seq ?? 0) - (b.seq ?? 0) || compareText(a.id, b.id);

const unions = ['visitor_ids', 'visitor_session_ids', 'room_ids'];
const sorted = (items: Iterable<string>) => [...new Set(items)].sort(compareText);
const iso = (time: number | string) => new Date(time).toISOString();
const last = <T>(items: T[]) => items[items.length - 1];

/** Sums decimal texts without a double in between; six digits after the point. */
function sum(amounts: string[]): string {
  let total = 0n;
  for (const amount of amounts) {
    const negative = amount.startsWith('-');
    const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
    const micros = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
    total += negative ? -micros : micros;
  }
  const text = String(total < 0n ? -total : total).padStart(7, '0');
  return `${total < 0n ? '-' : ''}${text.slice(0, -6)}.${text.slice(-6)}`;
}

export function fold(account: string, sent: Event[]) {
  const events = [...sent].sort(inOrder);
  const messages = events.filter((event) => event.type === 'message');
  const by = (sender: string) => messages.filter((message) => message.sender === sender);
  const joins = events.filter((event) => event.type === 'participant.joined');
  const orders = foldOrders(events);

  const attributes: Event = {};
  for (const event of events) {
    for (const [name, value] of Object.entries(event.conversation ?? {})) {
      if (unions.includes(name)) continue;
      if (value === null) delete attributes[name];
      else attributes[name] = name.endsWith('_time') ? iso(value as string) : value;
    }
  }
  const union = (name: string) => sorted(events.flatMap((event) => event.conversation?.[name] ?? []));

  const asides = ['message.edited', 'message.deleted', 'note'];
  const real = events.filter((event) => !asides.includes(event.type));
  const firstTime = iso(Math.min(...(real.length > 0 ? real : events).map((event) => Date.parse(event.time))));
  const start = attributes.start_time ?? firstTime;
  const latest = (types: string[]) => {
    const times = events.filter((event) => types.includes(event.type)).map((event) => Date.parse(event.time));
    return times.length === 0 ? null : iso(Math.max(...times));
  };
  const userId = attributes.user_id ?? by('user').find((message) => message.sender_id != null)?.sender_id ?? null;
  const sentVisitors = union('visitor_ids');
  const senders = by('user').flatMap((message) => message.sender_id ?? []);
  const visitors = sentVisitors.length > 0 ? sentVisitors : sorted([...(userId === null ? [] : [userId]), ...senders]);
  const ending = last(
    events.filter((event) => event.type === 'conversation.closed' || event.type === 'conversation.reopened'),
  );
  const closed = ending?.type === 'conversation.closed' ? ending : undefined;
  const rating = (target: string) =>
    last(events.filter((event) => event.type === 'rating' && (event.target ?? 'conversation') === target));
  const agentMessages = by('agent').map((message) => ({ ...message, ...placeOf(account, message, joins) }));
  const appearances = events.filter(
    (event) => (event.type === 'message' && event.sender === 'agent') || event.type === 'participant.joined',
  );
  const responses = foldResponses(events);
  const firstReply = by('agent').find((message) => responses.has(message.id));
  const confidences = messages.flatMap((message) => message.confidence ?? []);
  const firstOfUser = events.findIndex((event) => event.type === 'message' && event.sender === 'user');
  const isAnswered =
    firstOfUser !== -1 && events.slice(firstOfUser).some((event) => event.type === 'message' && event.sender === 'bot');
  const isTest = attributes.is_test ?? false;
  const isCovered = attributes.is_covered ?? null;
  const withMessages = (name: 'tags' | 'rule_ids') => [
    ...new Set<string>([...(attributes[name] ?? []), ...sorted(messages.flatMap((message) => message[name] ?? []))]),
  ];
  const initiators: Record<string, string> = { user: 'visitor', agent: 'operator', bot: 'autosuggest' };

  const conversation = {
    attributes,
    ...Object.fromEntries(
      [
        'team_id',
        'bot_id',
        'bot_version',
        'brain_id',
        'desk_id',
        'integration_id',
        'channel',
        'language',
        'campaign_id',
        'campaign_source',
        'user_name',
        'user_email',
        'channel_user_id',
        'external_user_id',
        'is_covered',
        'goal_achieved',
        'user_sentiment',
      ].map((name) => [name, attributes[name] ?? null]),
    ),
    user_id: userId,
    chat_type:
      attributes.chat_type ??
      (by('user').length > 0 || userId !== null || visitors.length > 0 ? 'visitor' : 'operator'),
    chat_initiator: attributes.chat_initiator ?? (messages[0] ? initiators[messages[0].sender] : null),
    is_test: isTest,
    is_meaningful: attributes.is_meaningful ?? (!isTest && isCovered !== false && isAnswered),
    is_contained: attributes.is_contained ?? appearances.length === 0,
    withdrawn: attributes.withdrawn ?? false,
    start_time: start,
    end_time: attributes.end_time ?? latest(['message', 'step']) ?? start,
    last_activity: latest(['message', 'step', 'participant.joined', 'conversation.reopened']) ?? start,
    closed_at: closed ? iso(closed.time) : null,
    closed_reason: closed ? (closed.reason ?? 'resolved') : null,
    closed_by: closed?.agent_id ?? null,
    user_messages: by('user').length,
    bot_messages: by('bot').length,
    agent_messages: by('agent').length,
    visitor_ids: visitors,
    visitor_session_ids: union('visitor_session_ids'),
    room_ids: union('room_ids'),
    agent_ids: [...new Set(appearances.flatMap((event) => event.agent_id ?? event.sender_id ?? []))],
    organization_ids: sorted(agentMessages.map((message) => message.organization)),
    rating: rating('conversation')?.value ?? null,
    feedback: rating('conversation')?.feedback ?? null,
    csat_brain: attributes.csat_brain ?? rating('bot')?.value ?? null,
    csat_human_agent: attributes.csat_human_agent ?? rating('agent')?.value ?? null,
    tags: withMessages('tags'),
    rule_ids: withMessages('rule_ids'),
    confidence_count: confidences.length,
    confidence_sum: sum(confidences.map(String)),
    min_confidence: confidences.length === 0 ? null : Math.min(...confidences),
    thumbs_up: messages.filter((message) => message.reaction === 'thumbs_up').length,
    thumbs_down: messages.filter((message) => message.reaction === 'thumbs_down').length,
    has_collection: messages.some((message) => message.collection_id != null),
    has_collection_sources: messages.some((message) => (message.collection_sources ?? []).length > 0),
    first_response_seconds: firstReply === undefined ? null : responses.get(firstReply.id),
    first_response_agent_id: firstReply?.sender_id ?? null,
    ...totals(orders),
  };
  return {
    conversation,
    responses: Object.fromEntries(responses),
    orders,
    participations: foldParticipations(agentMessages, joins, orders),
  };
}

/** The response times of messages that have one, in seconds, by the message's id. */
export function foldResponses(events: Event[]): Map<string, number> {
  const found = new Map<string, number>();
  const seconds = (from: Event, to: Event) => (Date.parse(to.time) - Date.parse(from.time)) / 1000;
  for (const stretch of stretches(events)) {
    for (const [n, message] of stretch.entries()) {
      if (message.sender === 'user') continue;
      const before = stretch.slice(0, n);
      const b = before.findLastIndex(({ sender }) => sender !== 'user');
      const asked = before.slice(b + 1)[0]; // all since B are the user's
      const handover = message.sender === 'agent' ? handoverOf(before, before[b]) : undefined;
      const from = asked ?? handover;
      if (message.response_time_seconds != null) found.set(message.id, message.response_time_seconds);
      else if (from !== undefined) found.set(message.id, seconds(from, message));
    }
  }
  return found;
}

/** The bot's message from which an agent who says the first word of agents took over. */
function handoverOf(before: Event[], b: Event | undefined): Event | undefined {
  const wrote = (sender: string) => before.some((message) => message.sender === sender);
  return b?.sender === 'bot' && wrote('user') && !wrote('agent') ? b : undefined;
}

/** The messages of a conversation in order of time, cut at each explicit close. */
function stretches(events: Event[]): Event[][] {
  const list: Event[][] = [[]];
  for (const event of events) {
    if (event.type === 'conversation.closed') list.push([]);
    else if (event.type === 'message') list[list.length - 1]?.push(event);
  }
  return list;
}

type Order = ReturnType<typeof foldOrders>[number];

/** The latest word on each order. */
function foldOrders(events: Event[]) {
  const latest = new Map<string, Event>();
  for (const event of events) if (event.type === 'order') latest.set(event.order_id, event);
  return [...latest.values()]
    .map((event) => ({
      order_id: event.order_id as string,
      time: iso(event.time),
      amount: sum([String(event.amount ?? '0')]),
      subscription: (event.subscription ?? false) as boolean,
      currency: (event.currency ?? null) as string | null,
    }))
    .sort((a, b) => compareText(a.order_id, b.order_id));
}

function totals(orders: Order[]) {
  const subscriptions = orders.filter((order) => order.subscription);
  const named = (list: Order[]) => {
    const currencies = sorted(list.flatMap((order) => order.currency ?? []));
    return currencies.length === 0 ? null : currencies;
  };
  return {
    order_count: orders.length,
    sales: sum(orders.map((order) => order.amount)),
    subscription_sales: sum(subscriptions.map((order) => order.amount)),
    currencies: named(orders),
    subscription_currencies: named(subscriptions),
  };
}

/** The team and organization that an agent's message counts for. */
function placeOf(account: string, message: Event, joins: Event[]) {
  const own = message.sender_id == null ? [] : joins.filter((join) => join.agent_id === message.sender_id);
  const before = own.filter((join) => Date.parse(join.time) <= Date.parse(message.time));
  const join = last(before) ?? own[0];
  return {
    team: (message.team_id ?? join?.team_id ?? null) as string | null,
    organization: (message.organization_id ?? join?.organization_id ?? account) as string,
  };
}

function foldParticipations(messages: (Event & ReturnType<typeof placeOf>)[], joins: Event[], orders: Order[]) {
  const seen = (scope: 'team' | 'user', id: string) => {
    const wrote = messages.filter((message) => (scope === 'team' ? message.team : message.sender_id) === id);
    const joined = joins.filter((join) => (scope === 'team' ? join.team_id : join.agent_id) === id);
    const from = Math.min(...[...wrote, ...joined].map((event) => Date.parse(event.time)));
    return {
      scope,
      participant_id: id,
      agent_messages: wrote.length,
      joined_at: iso(from),
      user_organization_id: scope === 'user' ? (last(wrote)?.organization ?? null) : null,
      organization_ids: sorted(wrote.map((message) => message.organization)),
      ...totals(orders.filter((order) => Date.parse(order.time) >= from)),
    };
  };
  const teams = sorted(messages.flatMap((message) => message.team ?? []));
  const agents = sorted(messages.flatMap((message) => message.sender_id ?? []));
  return [...teams.map((id) => seen('team', id)), ...agents.map((id) => seen('user', id))];
}
