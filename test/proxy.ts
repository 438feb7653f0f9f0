import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Target } from '../src/database/connect.js';

/** One connection through a proxy: the client's end and the server's. */
export interface Pair {
  client: Socket;
  server: Socket;
}

/** What a proxy does with what passes; false holds it back. They may be changed at any time. */
export interface Hooks {
  /** From the client to the server. */
  up?: ((data: Buffer, pair: Pair) => boolean | Promise<boolean>) | undefined;
  /** From the server to the client. */
  down?: ((data: Buffer, pair: Pair) => boolean | Promise<boolean>) | undefined;
  /** Takes a new connection instead of passing it on. */
  refuse?: ((client: Socket) => void) | undefined;
}

export interface Proxy extends Hooks {
  /** Where clients reach the database through it. */
  target: Exclude<Target, string>;
  pairs: Set<Pair>;
  /** Connections that were asked for so far. */
  count: number;
  /** Cuts all connections that are open now. */
  cut(): void;
  /** Takes no new connections; those that are open stay. */
  closeDoor(): void;
  close(): Promise<void>;
}

/** A TCP proxy before a PostgreSQL, to make the network and the server misbehave. */
export async function proxy(target: Exclude<Target, string>, hooks: Hooks = {}): Promise<Proxy> {
  const { host, port } = target;
  const dial = () => (host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host));
  const clients = new Set<Socket>();
  const listener = createServer((client) => {
    self.count++;
    clients.add(client);
    client.on('error', () => {}).on('close', () => clients.delete(client));
    if (self.refuse) {
      client.resume();
      self.refuse(client);
      return;
    }
    const server = dial();
    const pair = { client, server };
    self.pairs.add(pair);
    server.on('error', () => {});
    client.on('data', async (data) => {
      if (!self.up || (await self.up(data, pair))) server.write(data);
    });
    server.on('data', async (data) => {
      if (!self.down || (await self.down(data, pair))) client.write(data);
    });
    client.on('close', () => {
      server.destroy();
      self.pairs.delete(pair);
    });
    server.on('close', () => client.end());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const self: Proxy = {
    ...hooks,
    target: { ...target, host: '127.0.0.1', port: (listener.address() as AddressInfo).port },
    pairs: new Set<Pair>(),
    count: 0,
    cut() {
      for (const { client, server } of self.pairs) {
        server.destroy();
        client.end();
      }
    },
    closeDoor: () => void listener.close(),
    async close() {
      for (const client of clients) client.destroy();
      if (listener.listening) await new Promise((resolve) => listener.close(resolve));
    },
  };
  return self;
}
