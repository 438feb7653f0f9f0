import { spawnSync } from 'node:child_process';
import { lchownSync, readdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** The owner of the server's files, as this process sees them. */
export interface Owner {
  uid: number;
  gid: number;
}

/** A user under which PostgreSQL's programs can run; they refuse to run as root. */
export interface Identity extends Owner {
  /** Description for messages: "as user 101". */
  label: string;
  /** Command words before the path of the program. */
  prefix: string[];
  /** Options of `spawn`. */
  options: { uid?: number; gid?: number; env: Record<string, string> };
}

/**
 * Chooses the identity under which PostgreSQL runs and verifies it by running a program. `owner` is the owner of an
 * existing cluster, null before the first start. `prepare` is called before each attempt and makes the needed files
 * accessible.
 */
export function chooseIdentity(
  dir: string,
  program: string,
  owner: Owner | null,
  libraries: Record<string, string>,
  prepare: (identity: Identity) => void,
): Identity {
  const env = { PATH: process.env.PATH || '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...libraries };
  const refused: string[] = [];
  for (const identity of identities(owner, env)) {
    prepare(identity);
    const reason = hindrance(identity, dir, program);
    if (reason === null) return identity;
    refused.push(`${identity.label}: ${reason}`);
  }
  throw new Error(
    `The embedded PostgreSQL cannot run here (${refused.join('; ')}). It needs Linux with glibc 2.27 or newer and libstdc++ ` +
      '(so not Alpine), or macOS, and a user other than root who may enter the data folder and the installed packages. ' +
      'Start the service as such a user, move the two to where one may enter (DATA_DIR), ' +
      'or set DATABASE_URL to a PostgreSQL 15 or newer.',
  );
}

/**
 * The possible identities, best first.
 *
 * Not root: this user. But initdb requires an entry in the user database; a user without one (an arbitrary uid in a
 * container) gets another number in a user namespace.
 *
 * Root: the owner of the cluster, if that is another user, so that one start as root does not take the folder away from
 * them; then root under another number in a namespace, where the files stay root's and may be in places that only root
 * can enter; then a service account.
 */
function identities(owner: Owner | null, env: Record<string, string>): Identity[] {
  const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (me.uid !== 0 && (owner !== null || hasName())) return [asItself(me, env)];
  const others = accounts();
  const inNamespace = underOtherNumber(me, others[0] ?? { uid: 1000, gid: 1000 }, env);
  if (me.uid !== 0) return [inNamespace];
  const owners = owner === null || owner.uid === 0 ? [] : [owner];
  const servants = ['postgres', 'node', 'nobody'].flatMap((name) => others.filter((other) => other.name === name));
  return [
    ...owners.map((other) => asOther(other, env)),
    inNamespace,
    ...servants.filter(({ uid }) => uid !== owner?.uid).map((other) => asOther(other, env)),
  ];
}

function asItself(me: Owner, env: Record<string, string>): Identity {
  return { label: `as user ${me.uid}`, ...me, prefix: [], options: { env } };
}

function asOther({ uid, gid }: Owner, env: Record<string, string>): Identity {
  return { label: `as user ${uid}`, uid, gid, prefix: [], options: { uid, gid, env } };
}

function underOtherNumber(me: Owner, { uid, gid }: Owner, env: Record<string, string>): Identity {
  const prefix = ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`];
  return { label: `as user ${me.uid} in a user namespace`, ...me, prefix, options: { env } };
}

/** The users of /etc/passwd, without root. */
function accounts(): (Owner & { name: string })[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0);
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

/** Why the identity cannot enter the folder or run the program; null if it can. */
function hindrance(identity: Identity, dir: string, program: string): string | null {
  const [file, args] = command(identity, '/bin/sh', ['-c', 'cd "$1" && exec "$2" --version', 'sh', dir, program]);
  const probe = spawnSync(file, args, { ...identity.options, encoding: 'utf8' });
  if (probe.status === 0) return null;
  return probe.error?.message ?? (probe.stderr.trim() || `it ended with ${probe.status ?? probe.signal}`);
}

/** The command and arguments to spawn, with the options of the identity, to run a program as this identity. */
export function command(identity: Identity, program: string, args: string[]): [string, string[]] {
  const [file = program, ...rest] = [...identity.prefix, program, ...args];
  return [file, rest];
}

/**
 * Changes the owner of the files to the identity, the folder itself last, so that an interrupted run is visible. Only
 * root can.
 */
export function giveTo(identity: Identity, path: string): void {
  if (process.getuid?.() !== 0) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) giveTo(identity, child);
    else lchownSync(child, identity.uid, identity.gid);
  }
  lchownSync(path, identity.uid, identity.gid);
}
