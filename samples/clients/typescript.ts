// Sends two events and counts conversations by day: npx tsx samples/clients/typescript.ts
import { createReports } from 'conversation-reports/client';

const { REPORTS_URL: url = 'http://127.0.0.1:3000', KEY: key = '' } = process.env;
const reports = createReports({ url, key });

// The same ids again change nothing, so this can be repeated after any failure.
const message = { type: 'message', conversation_id: 'sample-ts', conversation: { bot_id: 'shop', bot_version: 'LIVE' } } as const;
const { accepted, duplicates } = await reports.send([
  { ...message, id: '1', sender: 'user', sender_id: 'ann', time: '2024-01-08T09:15:00Z', text: 'Hello' },
  { ...message, id: '2', sender: 'bot', time: '2024-01-08T09:15:02Z', text: 'How can I help?' },
]);
console.log(`${accepted} new, ${duplicates} known`);

const { rows } = await reports.query({
  dataset: 'conversations',
  start_time: '2024-01-08',
  end_time: '2024-01-11',
  bucket: '1d',
  measures: ['conversations'],
});
for (const [day, count] of rows) console.log(day, count);
