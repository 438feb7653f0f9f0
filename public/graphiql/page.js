/** GraphiQL over this service's endpoint, once there is a key. */
const { React, ReactDOM, GraphiQL } = window;

const STORED = 'conversation-reports-key';
const EXAMPLE = `# Ctrl-Space completes, Ctrl-Enter sends.
query SessionsPerChannel($startDate: timestamp, $endDate: timestamp) {
  rows: sessions_per_channel(args: { start_time: $startDate, end_time: $endDate }) {
    channel
    session_count
    user_count
    message_count
  }
}
`;

const form = document.getElementById('key-form');
const field = document.getElementById('key');
let page;

function show(key) {
  const fetcher = async (request) => {
    const response = await fetch('/v1/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `apikey ${key.replace(':', '.')}` },
      body: JSON.stringify(request),
    });
    return response.json();
  };
  page ??= ReactDOM.createRoot(document.getElementById('graphiql'));
  // Under another key it is another page: the schema is asked for again.
  page.render(React.createElement(GraphiQL, { key, fetcher, defaultQuery: EXAMPLE }));
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
