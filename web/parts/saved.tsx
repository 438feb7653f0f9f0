import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { hashOf, readHash, state } from '../state.js';
import { Menu } from './menu.js';

interface Saved {
  name: string;
  hash: string;
}

const PLACE = 'conversation-reports-views';
const MOST = 20;

const saved = signal<Saved[]>(read());

function read(): Saved[] {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? '[]') as Saved[];
  } catch {
    return [];
  }
}

function keep(views: Saved[]): void {
  saved.value = views;
  localStorage.setItem(PLACE, JSON.stringify(views));
}

/** Views that are kept by name in this browser. */
export function SavedViews() {
  const input = useRef<HTMLInputElement>(null);
  const add = (event: Event) => {
    event.preventDefault();
    const name = input.current?.value.trim() ?? '';
    if (name === '' || input.current === null) return;
    const others = saved.value.filter((one) => one.name !== name);
    keep([...others, { name, hash: hashOf(state.value) }].slice(-MOST));
    input.current.value = '';
  };
  return (
    <Menu face="Views">
      {(close) => (
        <>
          {saved.value.length === 0 && <p>None is kept yet.</p>}
          <ul>
            {saved.value.map(({ name, hash }) => (
              <li key={name}>
                <a
                  href={hash}
                  onClick={close}
                  aria-current={hashOf(readHash(hash)) === hashOf(state.value) ? 'page' : undefined}
                >
                  {name}
                </a>
                <button
                  type="button"
                  aria-label={`Forget ${name}`}
                  onClick={() => keep(saved.value.filter((one) => one.name !== name))}
                >
                  ×
                </button>
              </li>
            ))}
          </ul>
          <form onSubmit={add}>
            <label>
              Keep this view as
              <input ref={input} maxLength={60} required />
            </label>
            <button type="submit">Keep</button>
          </form>
        </>
      )}
    </Menu>
  );
}
