import { signal } from '@preact/signals';
import type { Me } from './types.js';

/**
 * The key of this tab. It lives in sessionStorage, which ends with the tab and is not shared with others. It is never part
 * of an address.
 */
const PLACE = 'conversation-reports-key';

export const key = signal<string | null>(sessionStorage.getItem(PLACE));

/** The key's account and permissions, once they are known. */
export const me = signal<Me | null>(null);

/** Why the page asks for a key again. */
export const farewell = signal('');

/** Keeps a key that the service has accepted. */
export function signIn(text: string, owner: Me): void {
  sessionStorage.setItem(PLACE, text);
  farewell.value = '';
  me.value = owner;
  key.value = text;
}

/** Forgets the key. */
export function signOut(why = ''): void {
  sessionStorage.removeItem(PLACE);
  farewell.value = why;
  key.value = null;
  me.value = null;
}
