import { visible } from '../scope.js';
import { sharedColumns } from './conversations.js';
import { type RawDataset, within } from './dataset.js';

export const transitions: RawDataset<'transitions'> = {
  rows: (sql, { scope }, window) => sql`(
    select c.*, e.body
    from conversations c
    join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'step'
    where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)}
  ) c`,
  time: (sql) => sql`c.start_time`,
  dimensions: {
    ...sharedColumns,
    from_step_id: (sql) => sql`(c.body->'from_step'->>'id') collate "C"`,
    from_step_type: (sql) => sql`(c.body->'from_step'->>'type') collate "C"`,
    to_step_id: (sql) => sql`(c.body->'to_step'->>'id') collate "C"`,
    to_step_type: (sql) => sql`(c.body->'to_step'->>'type') collate "C"`,
  },
  numbers: {},
};
