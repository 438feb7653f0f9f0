import { spawnSync } from 'node:child_process';
import { lchownSync, readdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Whose the server's files are, as this process sees them. */
export interface Owner {
  uid: number;
  gid: number;
}

/** One way to run PostgreSQL's programs, which refuse to run as root. */
export interface Identity extends Owner {
  /** For people: "as user 101". */
  label: string;
  /** Words that stand before the program's path. */
  prefix: string[];
  /** Options of `spawn`. */
  options: { uid?: number; gid?: number; env: Record<string, string> };
}

/**
 * The identity that PostgreSQL runs under, proven by running it. `owner` is the owner of an existing cluster, null before the
 * first start; `prepare` is called before each try and makes what the program needs there reachable.
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
 * Who could run the server, best first.
 *
 * Not root: this user; but initdb insists on an entry in the user database, and a user without one (an arbitrary uid in a
 * container) borrows another's number in a user namespace.
 *
 * Root: the cluster's owner if that is somebody else, lest one start as root take the folder away from them; root under
 * another number in a namespace, where the files stay root's and may lie where only root may enter; a service account.
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

/** The usual file of the user database, without root. */
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

/** Why the identity cannot enter the folder or run the program, or null when it can do both. */
function hindrance(identity: Identity, dir: string, program: string): string | null {
  const [file, args] = command(identity, '/bin/sh', ['-c', 'cd "$1" && exec "$2" --version', 'sh', dir, program]);
  const probe = spawnSync(file, args, { ...identity.options, encoding: 'utf8' });
  if (probe.status === 0) return null;
  return probe.error?.message ?? (probe.stderr.trim() || `it ended with ${probe.status ?? probe.signal}`);
}

/** The file and the arguments to spawn, together with the identity's options, for running a program as this identity. */
export function command(identity: Identity, program: string, args: string[]): [string, string[]] {
  const [file = program, ...rest] = [...identity.prefix, program, ...args];
  return [file, rest];
}

/** Gives files to the identity, the folder itself last: while it is still another's, the work is not done. Only root can. */
export function giveTo(identity: Identity, path: string): void {
  if (process.getuid?.() !== 0) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) giveTo(identity, child);
    else lchownSync(child, identity.uid, identity.gid);
  }
  lchownSync(path, identity.uid, identity.gid);
}
