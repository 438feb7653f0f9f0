import t from 'tap';
import { ACCOUNT, ask, send, world } from './harness.js';

/**
 * The vendor's functions as its clients ask them: operation, arguments, columns and what stands beside `args`. Arguments
 * come in variables of the vendor's names and types.
 */
const functions: [operation: string, name: string, args: string, columns: string, limited?: 'limit'][] = [
  [
    'GetSessions',
    'get_sessions',
    'account_id! brain_parent_ids integration_ids desk_ids language_model_ids channels tags ratings session_id user_id user_name user_email channel_user_id external_user_id min_num_user_messages min_num_thumbs_up min_num_thumbs_down csat_brain start_time end_time',
    'session_id start_time end_time channel rating total_user_messages',
    'limit',
  ],
  [
    'SessionsPreviewV2',
    'logs_sessions_preview_v2',
    'account_id desk_ids brain_parent_ids integration_ids brain_versions channels start_time end_time min_num_user_messages max_confidence min_human_response_time ratings tags rule_ids session_id user_id user_name user_email channel_user_id external_user_id is_contained is_covered is_test has_collection has_collection_sources agent_ids is_meaningful',
    'avg_confidence brain_id brain_parent_id brain_version channel channel_user_id user_id user_name user_email desk_id start_time end_time expired_time external_user_id integration_id is_contained is_covered is_test min_confidence participated_brains participated_collections participated_agents rating feedback session_id tags rule_ids total_user_messages avg_human_response_time avg_response_time human_first_response_time',
    'limit',
  ],
  [
    'SessionContentV2',
    'log_session_content_v2',
    'session_id',
    'session_id desk_id integration_id channel start_time end_time brain_id brain_parent_id brain_version user_id user_name channel_user_id external_user_id total_user_messages rating is_contained is_covered is_test tags participated_agents avg_confidence min_confidence messages',
  ],
  [
    'SessionsCount',
    'get_sessions_count',
    'account_id! desk_ids brain_parent_ids start_time end_time is_test',
    'total_sessions meaningful_sessions non_meaningful_sessions',
  ],
  [
    'SessionsCountsFast',
    'sessions_counts_fast',
    'account_id desk_ids brain_parent_ids start_time end_time is_test',
    'counts',
  ],
  [
    'BrainSessionDuration',
    'brain_session_duration',
    'start_time end_time account_id brain_parent_ids desk_ids channels tags is_test',
    'average_duration average_duration_contained average_duration_non_contained average_duration_covered average_duration_non_covered',
    'limit',
  ],
  [
    'BrainSessionMessageDistribution',
    'brain_sessions_message_distribution',
    'start_time end_time account_id brain_parent_ids desk_ids channels tags is_contained is_covered is_test',
    'one_message two_messages three_messages four_messages five_messages six_messages seven_messages eight_messages nine_messages ten_plus_messages',
  ],
  [
    'MeaningfulSessionsByHour',
    'get_meaningful_sessions_count_by_hour',
    'account_id! desk_ids brain_parent_ids start_time end_time',
    'hour session_count',
  ],
  [
    'MeaningfulSessionsByHourRange',
    'get_meaningful_sessions_count_by_hour_range',
    'account_id! desk_ids brain_parent_ids start_time end_time hour_start hour_end',
    'session_count hour_range_start hour_range_end',
  ],
  [
    'SessionsMeteringFast',
    'sessions_metering_fast',
    'account_id! desk_ids brain_parent_ids start_time end_time',
    'meaningful_sessions non_meaningful_sessions total_sessions',
  ],
  [
    'SystemInsightsPerformance',
    'get_system_insights_performance',
    'account_id! desk_ids brain_parent_ids start_time end_time is_test',
    'total_sessions contained_sessions covered_sessions avg_response_time avg_session_duration total_handovers',
  ],
  [
    'UsersCounts',
    'users_counts',
    'account_id desk_ids brain_parent_ids integration_ids channels start_time end_time is_test min_num_user_messages',
    'counts',
  ],
  ['MonthlyActiveUsers', 'get_monthly_active_users', 'account_id start_time end_time', 'month_year unique_users'],
  [
    'RequestsCounts',
    'requests_counts',
    'account_id start_time end_time brain_parent_ids desk_ids integration_ids brain_versions channels is_test min_num_user_messages',
    'counts',
  ],
  [
    'MessagesPerHourV2',
    'requests_hourly_counts_v2',
    'desk_ids brain_parent_ids integration_ids brain_versions channels start_time end_time is_test',
    'counts weekday hour',
  ],
  [
    'CountsPerBrain',
    'counts_per_brain',
    'account_id start_time end_time brain_parent_ids desk_ids integration_ids brain_versions channels tags is_test min_num_user_messages',
    'brain_parent_id: id num_requests num_sessions num_users last_used',
  ],
  [
    'CountsPerBrainFast',
    'counts_per_brain_fast',
    'account_id desk_ids brain_parent_ids start_time end_time is_test',
    'brain_parent_id: id num_requests num_sessions num_users last_used',
  ],
  [
    'CountsPerDeskFast',
    'counts_per_desk_fast',
    'account_id desk_ids start_time end_time is_test',
    'desk_id: id num_requests num_sessions num_users last_used',
  ],
  [
    'AgentPerformance',
    'agents_performance',
    'start_time end_time desk_ids integration_ids channels is_test agent_ids',
    'agent_id agent_name avg_response_time avg_first_response_time median_response_time median_first_response_time max_response_time max_first_response_time min_response_time min_first_response_time avg_close_time median_close_time max_close_time min_close_time ratings avg_rating ratings_more_than_3 closed_conversations participated_sessions replies',
  ],
  [
    'RatingsInterval',
    'ratings_interval_counts',
    'start_time end_time interval_span brain_parent_ids desk_ids integration_ids brain_versions is_test agent_ids',
    'date: per_interval avg_rating median_rating num_more_than_3 num_ratings',
  ],
  [
    'RatingsFeedbacks',
    'rating_feedback',
    'start_time end_time brain_parent_ids desk_ids integration_ids brain_versions is_test agent_ids ratings',
    'agent_id agent_name brain_id brain_parent_id version rating feedback is_test',
  ],
  [
    'DailyRatings',
    'get_daily_ratings',
    'desk_ids brain_parent_ids integration_ids start_time end_time is_test',
    'date total_ratings avg_rating rating_1 rating_2 rating_3 rating_4 rating_5',
  ],
];

/** The variable of each argument, with its type. */
const variables: Record<string, [name: string, type: string, value: unknown]> = {
  account_id: ['accountId', 'uuid', ACCOUNT],
  'account_id!': ['accountId', 'uuid!', ACCOUNT],
  desk_ids: ['deskIds', '_uuid', '{d2be0283-9b53-4d7b-b77d-2650f3a1a99c}'],
  brain_parent_ids: ['brainIds', '_uuid', '{d2be0283-9b53-4d7b-b77d-2650f3a1a99c}'],
  integration_ids: ['integrationIds', '_uuid', '{d2be0283-9b53-4d7b-b77d-2650f3a1a99c}'],
  brain_versions: ['brainVersions', '_int4', '{5, 7}'],
  channels: ['channels', '_text', '{web, mia}'],
  tags: ['tags', '_text', '{web, mia}'],
  agent_ids: ['agentIds', '_text', '{web, mia}'],
  start_time: ['startDate', 'timestamp', '2024-01-08'],
  end_time: ['endDate', 'timestamp', '2024-01-17'],
  interval_span: ['intervalInDays', 'interval', '1 day'],
  is_test: ['isTest', 'Boolean', false],
  min_num_user_messages: ['minNumUserMessages', 'Int', 1],
  is_contained: ['isContained', 'Boolean', false],
  is_covered: ['isCovered', 'Boolean', false],
  is_meaningful: ['isMeaningful', 'Boolean', false],
  ratings: ['ratings', '_int4', '{5, 7}'],
  session_id: ['sessionId', 'String', 'c-1'],
  user_id: ['userId', 'String', 'c-1'],
  user_name: ['userName', 'String', 'c-1'],
  user_email: ['userEmail', 'String', 'c-1'],
  channel_user_id: ['channelUserId', 'String', 'c-1'],
  external_user_id: ['externalUserId', 'String', 'c-1'],
  max_confidence: ['maxConfidence', 'float8', 0.5],
  min_human_response_time: ['minHumanResponseTime', 'float8', 0.5],
  rule_ids: ['ruleIds', '_uuid', '{d2be0283-9b53-4d7b-b77d-2650f3a1a99c}'],
  has_collection: ['hasCollection', 'Boolean', false],
  has_collection_sources: ['hasCollectionSources', 'Boolean', false],
  hour_start: ['hourStart', 'Int', 1],
  hour_end: ['hourEnd', 'Int', 1],
  language_model_ids: ['languageModelIds', '_text', null],
  min_num_thumbs_up: ['minNumThumbsUp', 'Int', 1],
  min_num_thumbs_down: ['minNumThumbsDown', 'Int', 1],
  csat_brain: ['csatBrain', '_int4', '{5, 7}'],
};

t.test('each query of the vendor runs as it stands, with its variables and without them', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const event = { type: 'message', conversation_id: 'c-1', conversation: { bot_id: 'shop', channel: 'web' } };
  await send(app, key, [
    { ...event, id: '1', time: '2024-01-08T09:00:00Z', sender: 'user', sender_id: 'ann', text: 'Hello' },
    { ...event, id: '4', time: '2024-01-08T09:00:30Z', sender: 'bot', text: 'How can I help?' },
    { ...event, id: '2', time: '2024-01-08T09:01:00Z', sender: 'agent', sender_id: 'mia', text: 'Good day' },
    { ...event, id: '3', type: 'rating', time: '2024-01-08T09:02:00Z', value: 5 },
  ]);
  t.equal(functions.length, 22);
  for (const [operation, name, list, columns, limited] of functions) {
    const args = list.split(' ');
    const declared = args.map((one) => `$${variables[one]?.[0]}: ${variables[one]?.[1]}`);
    const passed = args.map((one) => `${one.replace('!', '')}: $${variables[one]?.[0]}`);
    const beside = limited ? 'limit: $limit, ' : '';
    const query = `query ${operation}(${[...(limited ? ['$limit: Int'] : []), ...declared].join(', ')}) {
      rows: ${name}(${beside}args: { ${passed.join(', ')} }) { ${columns} }
    }`;
    const all = Object.fromEntries(args.map((one) => [variables[one]?.[0], variables[one]?.[2]]));
    const needed = ['accountId', 'startDate', 'endDate', ...(args[0] === 'session_id' ? ['sessionId'] : [])];
    const few = Object.fromEntries(Object.entries(all).filter(([name]) => needed.includes(name)));
    for (const sent of [all, few]) {
      const payload = { query, variables: { ...sent, ...(limited ? { limit: 100 } : {}) } };
      const { body } = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload });
      t.equal(body.errors, undefined, `${name} ${JSON.stringify(body.errors)}`);
      if (sent === few) t.ok(body.data?.rows.length > 0, `${name} has rows`);
    }
  }
});
