import { sharedDimensions } from './conversations.js';
import { type DatasetDefinition, text } from './dataset.js';

export const transitions = {
  description: 'a transition of a conversation from one dialog state to another, or into its first one',
  counts_at: 'the start_time of its conversation',
  dimensions: {
    ...sharedDimensions,
    from_step_id: text('the previous state; null for the entry'),
    from_step_type: text('its kind'),
    to_step_id: text('the next state'),
    to_step_type: text('its kind'),
  },
  numbers: {},
  measures: {},
} as const satisfies DatasetDefinition;
