/** GraphiQL over this service's endpoint, once there is a key. */
const { React, ReactDOM, GraphiQL } = window;

const STORED = 'conversation-reports-key';
/** A tab each. They answer on samples/events.ndjson; the ranges can be changed or left out. */
const EXAMPLES = [
  `# Ctrl-Space completes, Ctrl-Enter runs. This counts the conversations of each channel.
query SessionsPerChannel($startDate: timestamp, $endDate: timestamp) {
  rows: sessions_per_channel(args: { start_time: $startDate, end_time: $endDate }) {
    channel
    session_count
    user_count
    message_count
  }
}
`,
  `# Conversations that started on each day, by whether they are open now.
query OpenAndClosed {
  rows: open_closed_sessions_interval_counts_v2(
    args: { start_time: "2024-01-08", end_time: "2024-01-15", interval_span: "1 day" }
  ) {
    per_interval
    open_sessions
    closed_sessions
  }
}
`,
  `# What each agent did; times are in minutes.
query Agents {
  rows: agents_performance(args: { start_time: "2024-01-08", end_time: "2024-01-15" }) {
    agent_id
    agent_name
    avg_response_time
    median_first_response_time
    avg_rating
    closed_conversations
    replies
  }
}
`,
  `# Ratings of each day.
query Ratings {
  rows: get_daily_ratings(args: { start_time: "2024-01-08", end_time: "2024-01-15" }) {
    date
    total_ratings
    avg_rating
  }
}
`,
  `# The newest conversations, each with the id that get_session_content takes.
query Sessions {
  rows: logs_sessions_preview_v2(args: { start_time: "2024-01-08", end_time: "2024-01-15" }, limit: 10) {
    session_id
    start_time
    channel
    user_name
    total_user_messages
    tags
  }
}
`,
];

/** The path before all others of the service: this file is at BASE/graphiql/page.js. */
const BASE = new URL('..', document.currentScript.src).pathname.replace(/\/$/, '');

const form = document.getElementById('key-form');
const field = document.getElementById('key');
let page;

function show(key) {
  const fetcher = async (request) => {
    const response = await fetch(`${BASE}/v1/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `apikey ${key.replace(':', '.')}` },
      body: JSON.stringify(request),
    });
    return response.json();
  };
  page ??= ReactDOM.createRoot(document.getElementById('graphiql'));
  // Under another key it is another page: the schema is asked for again.
  page.render(React.createElement(GraphiQL, { key, fetcher, defaultTabs: EXAMPLES.map((query) => ({ query })) }));
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const key = field.value.trim();
  sessionStorage.setItem(STORED, key);
  show(key);
});

const stored = sessionStorage.getItem(STORED);
if (stored !== null) {
  field.value = stored;
  show(stored);
}
