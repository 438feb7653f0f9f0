import { me } from '../session.js';
import { Keys } from './keys.js';
import { Links } from './links.js';

/** Who else may read: keys, and links that answer one report. */
export function Access() {
  const isAdmin = me.value?.permissions.includes('admin');
  return (
    <div class="panels">
      {isAdmin && <Keys />}
      <Links />
    </div>
  );
}
