import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { root } from '../src/root.js';

/**
 * What a client generated from the vendor's description of these operations relies on: names, places, what is required,
 * and kinds. More parameters are ours to add, as long as none of them is required.
 */
const vendor: Record<string, { path: string; parameters: Record<string, string>; answer: string }> = {
  Analytics_GetConversations: {
    path: '/v1/bots/{bot_id}/conversations',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query array',
      language: 'query array',
      bucket: 'query string',
      group_by: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetConversationsInsights: {
    path: '/v1/bots/{bot_id}/conversations/insights',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      stat: 'query! string',
      channel_type: 'query string', // here repeated too
      language: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetConversationFlow: {
    path: '/v1/bots/{bot_id}/conversations/{conversation_id}/flow',
    parameters: {
      bot_id: 'path! string',
      conversation_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      message_id: 'query string',
    },
    answer: 'FlowAnswer',
  },
  Analytics_GetTeamConversationsUsage: {
    path: '/v1/teams/{team_id}/conversations',
    parameters: {
      team_id: 'path! string',
      start_time: 'query! string',
      end_time: 'query! string',
      bucket: 'query! string',
      group_by: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetMessages: {
    path: '/v1/bots/{bot_id}/messages',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      bucket: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetUsers: {
    path: '/v1/bots/{bot_id}/users',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      bucket: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetUserActivity: {
    path: '/v1/bots/{bot_id}/users/activity',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetIntents: {
    path: '/v1/bots/{bot_id}/intents',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      bucket: 'query string',
      after: 'query string',
      before: 'query string',
      first: 'query integer',
      last: 'query integer',
    },
    answer: 'IntentsAnswer',
  },
  Analytics_GetIntentInsights: {
    path: '/v1/bots/{bot_id}/intents/insights',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      bucket: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetFlows: {
    path: '/v1/bots/{bot_id}/flows',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      path: 'query array',
    },
    answer: 'FlowsAnswer',
  },
  Analytics_GetFlowStepDetails: {
    path: '/v1/bots/{bot_id}/flows/{step_id}',
    parameters: {
      bot_id: 'path! string',
      step_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
    },
    answer: 'StepAnswer',
  },
  Analytics_GetFlowStepEdges: {
    path: '/v1/bots/{bot_id}/flows/{step_id}/edges',
    parameters: {
      bot_id: 'path! string',
      step_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      type: 'query! string',
    },
    answer: 'EdgesAnswer',
  },
  Analytics_GetKnowledgeBaseUsage: {
    path: '/v1/bots/{bot_id}/knowledge_base',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
      bucket: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetKnowledgeBaseTagsInsights: {
    path: '/v1/bots/{bot_id}/knowledge_base/tags',
    parameters: {
      bot_id: 'path! string',
      version: 'query! string',
      start_time: 'query! string',
      end_time: 'query! string',
      channel_type: 'query string',
      language: 'query string',
    },
    answer: 'TagsAnswer',
  },
  Analytics_GetTeamKnowledgeBaseUsage: {
    path: '/v1/teams/{team_id}/knowledge_base',
    parameters: {
      team_id: 'path! string',
      start_time: 'query! string',
      end_time: 'query! string',
      bucket: 'query! string',
      channel_type: 'query string',
      language: 'query string',
    },
    answer: 'SeriesAnswer',
  },
  Analytics_GetVoiceAnalytics: {
    path: '/v1/teams/{team_id}/voice_minutes',
    parameters: {
      team_id: 'path! string',
      start_time: 'query! string',
      end_time: 'query! string',
      language: 'query string',
      bucket: 'query string',
    },
    answer: 'SeriesAnswer',
  },
};

/** The properties of the vendor's answers, each with its kind; integers are int64 here. */
const answers: Record<string, Record<string, string>> = {
  SeriesAnswer: { data: 'object' },
  SeriesData: { series: 'array', series_labels: 'array', x_values: 'array' },
  Serie: { values: 'array', mean: 'integer', max: 'integer', min: 'integer', sum: 'integer', labels: 'object' },
  FlowAnswer: { bot_id: 'string', conversation_id: 'string', user_id: 'string', transitions: 'array' },
  FlowTransition: { id: 'string', from_step: 'object', to_step: 'object', depth: 'integer', timestamp: 'string' },
  FlowStep: { id: 'string', type: 'string' },
  IntentsAnswer: { data: 'array', pagination: 'object' },
  IntentInfo: { intent_id: 'string', count: 'integer', rank: 'integer' },
  TagsAnswer: { data: 'array' },
  TagInfo: { tag: 'string', count: 'integer', rank: 'integer' },
  FlowsAnswer: { nodes: 'array' },
  FlowNode: { id: 'string', occurrences: 'integer' },
  StepAnswer: { message_count: 'integer', drop_off_count: 'integer', conversation_count: 'integer' },
  EdgesAnswer: { edges: 'array' },
  FlowEdge: { count: 'integer', from_step: 'object', to_step: 'object', id: 'string', type: 'string' },
};

// biome-ignore lint/suspicious/noExplicitAny: a parsed description
type Part = any;
const contract: Part = parse(readFileSync(join(root, 'openapi.yaml'), 'utf8'));
const resolve = (part: Part): Part =>
  part.$ref === undefined
    ? part
    : part.$ref
        .slice(2)
        .split('/')
        .reduce((at: Part, name: string) => at[name], contract);

t.test('the contract keeps what the vendor’s clients rely on', async (t) => {
  for (const [operationId, { path, parameters, answer }] of Object.entries(vendor)) {
    const operation = contract.paths[path]?.get;
    t.equal(operation?.operationId, operationId);
    const ours = new Map(
      operation.parameters.map(resolve).map((parameter: { name: string }) => [parameter.name, parameter]),
    );
    for (const [name, wanted] of Object.entries(parameters)) {
      const found = ours.get(name) as Part;
      const kind = resolve(found.schema);
      t.equal(
        `${found.in}${found.required ? '!' : ''} ${kind.type ?? kind.anyOf[0].type}`,
        wanted,
        `${operationId} ${name}`,
      );
      ours.delete(name);
    }
    t.strictSame(
      [...ours.values()].filter((parameter) => (parameter as { required?: boolean }).required),
      [],
      'what we added is optional',
    );
    t.equal(operation.responses['200'].content['application/json'].schema.$ref, `#/components/schemas/${answer}`);
  }
  for (const [name, properties] of Object.entries(answers)) {
    const schema = contract.components.schemas[name];
    const found = Object.fromEntries(
      Object.entries(schema.properties).map(([key, value]) => [key, resolve(value).type]),
    );
    t.strictSame(found, properties, name);
  }
});
