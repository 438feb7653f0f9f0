import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { base } from '../base.js';
import { me, signOut } from '../session.js';
import { hrefOf, state, type View } from '../state.js';
import { SavedViews } from './saved.js';

const pages: Partial<Record<View, string>> = {
  overview: 'Overview',
  agents: 'Agents',
  intents: 'Intents',
  flows: 'Flows',
  conversations: 'Conversations',
  access: 'Access',
};

/** What stands around every view. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { view } = state.value;
  const current = view === 'conversation' ? 'conversations' : view;
  const title = pages[current] ?? '';
  useEffect(() => {
    document.title = `${title} · Conversation Reports`;
  }, [title]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <strong>Conversation Reports</strong>
        <nav aria-label="Views">
          {Object.entries(pages).map(([name, label]) => (
            <a key={name} href={hrefOf({ view: name as View })} aria-current={current === name ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div class="account">
          <SavedViews />
          <a href={`${base}/docs`}>API</a>
          <button type="button" onClick={() => signOut()} title={`Account ${me.value?.account_id ?? ''}`}>
            Sign out
          </button>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <h1 class="hidden">{title}</h1>
        {children}
      </main>
    </>
  );
}
