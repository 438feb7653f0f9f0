import { useState } from 'preact/hooks';
import { base } from '../base.js';
import { farewell, signIn } from '../session.js';
import type { Me } from '../types.js';

/** Asks for a key and tries it out. The page that the address names comes next. */
export function SignIn() {
  const [text, setText] = useState('');
  const [fault, setFault] = useState('');
  const [isTrying, setTrying] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    setTrying(true);
    const given = text.trim();
    setFault(await tryKey(given));
    setTrying(false);
  };
  const said = fault || farewell.value;
  return (
    <main class="sign-in">
      <h1>Conversation Reports</h1>
      <form onSubmit={submit}>
        <label for="key">Your key</label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          placeholder="key_id:secret"
          required
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          aria-describedby="key-hint"
        />
        <button type="submit" class="primary" disabled={isTrying}>
          {isTrying ? 'Trying …' : 'Sign in'}
        </button>
        <p role="alert" class="fault">
          {said}
        </p>
        <p id="key-hint">
          It stays in this tab, and is gone when you close it. The first start of the service prints a key, and so does{' '}
          <code>npx conversation-reports keys create</code>.
        </p>
      </form>
      <p>
        <a href={`${base}/docs`}>API reference</a> · <a href={`${base}/graphiql`}>GraphiQL</a>
      </p>
    </main>
  );
}

/** Signs in with a key; returns why it does not work, or nothing. */
async function tryKey(text: string): Promise<string> {
  if (!/^[^\s:]+:\S+$/.test(text)) return 'A key is two words with a colon between: key_id:secret';
  const answer = await fetch(`${base}/v1/me`, {
    headers: { authorization: `Bearer ${text}` },
    cache: 'no-store',
  }).catch(() => null);
  if (answer === null) return 'The service does not answer.';
  if (answer.status === 401) return 'The service does not know this key.';
  if (!answer.ok) return `The service answers ${answer.status}.`;
  const owner = (await answer.json()) as Me;
  if (!owner.permissions.some((one) => one !== 'write'))
    return 'This key may only send events. Reports need one that may read.';
  signIn(text, owner);
  return '';
}
