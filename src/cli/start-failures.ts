/** Errors of a start that a setting can fix. Each names the setting and the way out. */

interface SystemError extends Error {
  code?: string;
}

/** The message for a start that could not listen. */
export function cannotListen(error: unknown, host: string, port: number, setting: '' | 'METRICS_' = ''): unknown {
  const { code, message } = error as SystemError;
  const says: Record<string, string> = {
    EADDRINUSE: `${setting}PORT=${port} is in use on ${host}: end what listens there, or set ${setting}PORT to another port (0 picks a free one)`,
    EACCES: `${setting}PORT=${port} may not be used by this user: set ${setting}PORT to one from 1024 on`,
    EADDRNOTAVAIL: `${setting}HOST=${host} is not an address of this machine: set ${setting}HOST to one of its own, 127.0.0.1 or 0.0.0.0`,
    ENOTFOUND: `${setting}HOST=${host} is not known: set ${setting}HOST to an address of this machine, 127.0.0.1 or 0.0.0.0`,
    EAI_AGAIN: `${setting}HOST=${host} cannot be looked up now: set ${setting}HOST to an address of this machine, 127.0.0.1 or 0.0.0.0`,
    EINVAL: `${setting}HOST=${host} is not an address to listen on: set ${setting}HOST to one of this machine, 127.0.0.1 or 0.0.0.0`,
  };
  const said = says[String(code)];
  return said === undefined ? error : new Error(`${said} (${message})`, { cause: error });
}

/** The message for a start that could not use the database of DATABASE_URL, without the password. */
export function unreachable(error: unknown, url: string): unknown {
  const { code = '', message } = error as SystemError;
  const { hostname, port, username, pathname } = new URL(url);
  const place = `${hostname || 'localhost'}:${port || 5432}`;
  const nobodyThere = 'is PostgreSQL running there, and may this machine reach it?';
  const says: [codes: RegExp, said: string][] = [
    [
      /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT.*|CONNECTION.*)$/,
      `${place} does not answer: ${nobodyThere}`,
    ],
    [/^(ENOTFOUND|EAI_AGAIN)$/, `the host ${hostname} is not known: is its name spelt right?`],
    [/^28/, `${place} refuses the user ${username || '(none)'}: are name and password right?`],
    [/^3D000$/, `there is no database ${pathname.slice(1)} at ${place}: create it, or name another`],
    [/^42501$/, `the user ${username} may not make tables in the database ${pathname.slice(1)}: make it the owner`],
    [/^57P03$/, `${place} is starting up or shutting down: try again in a moment`],
    [/^53300$/, `${place} has no connection left: raise its max_connections, or lower DATABASE_CONNECTIONS`],
  ];
  const found = says.find(([codes]) => codes.test(String(code)));
  return found === undefined ? error : new Error(`DATABASE_URL: ${found[1]} (${code}: ${message})`, { cause: error });
}
