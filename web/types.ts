/** The parts of the API's answers that the dashboard reads. openapi.yaml describes them in full. */

export type Dataset = 'conversations' | 'messages';

export type Filter =
  | { type: 'selector'; dimension: string; value: string | null }
  | { type: 'bound'; dimension: string; lower: string }
  | { type: 'and'; fields: Filter[] }
  | { type: 'not'; field: Filter };

export type MeasureSpec =
  | string
  | { aggregate: 'percentile'; of: string; p: number; as: string }
  | { aggregate: 'avg'; of: string; as: string };

export interface QueryBody {
  dataset: Dataset;
  start_time: string;
  end_time: string;
  time_zone: string;
  bucket?: string;
  measures: MeasureSpec[];
  group_by?: string[];
  filter?: Filter;
  order_by?: { by: string; direction?: 'asc' | 'desc' }[];
  limit?: number;
  others?: boolean;
  compare?: 'previous_period' | 'previous_year';
}

export type Cell = string | number | boolean | null;
export type Unit = 'seconds' | 'ratio' | 'count' | 'money' | null;

export interface QueryAnswer {
  columns: { name: string; type: 'time' | 'text' | 'number' | 'boolean'; unit: Unit }[];
  rows: Cell[][];
  notices: string[];
}

export type Permission = 'read' | 'write' | 'admin';

export interface Me {
  account_id: string;
  key_id: string;
  name: string;
  permissions: Permission[];
  team_ids: string[] | null;
  bot_ids: string[] | null;
}

/** A key as `GET /v1/keys` lists it. */
export interface Key extends Omit<Me, 'account_id'> {
  created_at: string;
  revoked_at: string | null;
}

/** A link as `GET /v1/links` lists it. */
export interface Link {
  link_id: string;
  name: string;
  report: string | null;
  query: { dataset: string } | null;
  created_at: string;
  expires_at: string | null;
  is_active: boolean;
}

export interface Bot {
  bot_id: string;
  bot_versions: string[];
  conversations: number;
}

export interface Team {
  team_id: string;
  conversations: number;
}

/** A row of `GET /v1/conversations`. */
export interface Conversation {
  conversation_id: string;
  bot_id: string | null;
  bot_version: string | null;
  team_id: string | null;
  channel: string | null;
  language: string | null;
  user_id: string | null;
  user_name: string | null;
  start_time: string;
  end_time: string;
  duration_seconds: number;
  state: 'open' | 'closed';
  closed_reason: string | null;
  message_count: number;
  agent_ids: string[];
  rating: number | null;
}

export interface Message {
  id: string;
  time: string;
  sender: 'user' | 'bot' | 'agent';
  sender_id?: string;
  sender_name?: string;
  text?: string;
  content?: unknown;
  intent?: string;
  confidence?: number;
  response_time_seconds: number | null;
  edited_time?: string;
  deleted_time?: string;
}

export interface Step {
  id: string;
  time: string;
  from_step?: { id: string; type: string };
  to_step: { id: string; type: string };
}

export interface Note {
  time: string;
  sender_id: string | null;
  sender_name: string | null;
  text: string | null;
}

/** `GET /v1/conversations/{conversation_id}`. */
export interface Transcript extends Conversation {
  user_email: string | null;
  tags: string[] | null;
  first_response_seconds: number | null;
  resolution_seconds: number | null;
  messages: Message[];
  steps: Step[];
  notes: Note[];
  next_cursor: string | null;
}

export interface FlowNode {
  id: string;
  occurrences: number;
}
