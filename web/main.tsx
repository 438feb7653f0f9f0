import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { ask, isAbort } from './api.js';
import { loadLookups } from './lookups.js';
import { Controls } from './parts/controls.js';
import { Shell } from './parts/shell.js';
import { SignIn } from './parts/sign-in.js';
import { get } from './request.js';
import { key, me } from './session.js';
import { state, type View } from './state.js';
import type { Me } from './types.js';
import { Access } from './views/access.js';
import { Agents } from './views/agents.js';
import { Conversation } from './views/conversation.js';
import { Conversations } from './views/conversations.js';
import { Flows } from './views/flows.js';
import { Intents } from './views/intents.js';
import { Overview } from './views/overview.js';

const components: Record<View, () => preact.JSX.Element> = {
  overview: Overview,
  agents: Agents,
  intents: Intents,
  flows: Flows,
  conversations: Conversations,
  conversation: Conversation,
  access: Access,
};

/** Views that no range and no bot applies to. */
const withoutControls: View[] = ['conversation', 'access'];

/** The page: a key is asked for, then the view that the address names. */
function App() {
  return key.value === null ? <SignIn /> : <Dashboard key={key.value} />;
}

function Dashboard() {
  useEffect(() => {
    const abort = new AbortController();
    const quiet = (error: unknown) => {
      if (!isAbort(error)) console.warn(String(error)); // the panels say what does not work
    };
    loadLookups(abort.signal).catch(quiet);
    if (me.value === null) {
      ask<Me>(get('/v1/me'), abort.signal).then((owner) => {
        me.value = owner;
      }, quiet);
    }
    return () => abort.abort();
  }, []);
  const View = components[state.value.view];
  return (
    <Shell>
      {!withoutControls.includes(state.value.view) && <Controls />}
      <View />
    </Shell>
  );
}

render(<App />, document.getElementById('app') as HTMLElement);
