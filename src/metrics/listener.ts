import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.js';

/** Milliseconds that a request may take to arrive, and connections that are held at a time. */
const ARRIVAL = 5_000;
const CONNECTIONS = 16;

export interface Listener {
  url: string;
  close(): Promise<void>;
}

/** Serves the metrics at an address of their own, which needs no key and has nothing else. */
export async function listen({ text, contentType }: Metrics, host: string, port: number): Promise<Listener> {
  const server = createServer(
    { headersTimeout: ARRIVAL, requestTimeout: ARRIVAL, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
    async ({ method = '', url = '' }, response) => {
      const answer = (status: number, type: string, body: string) => {
        const head = { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
        response.writeHead(status, { ...head, 'content-length': Buffer.byteLength(body) });
        response.end(method === 'HEAD' ? undefined : body);
      };
      const plain = 'text/plain; charset=utf-8';
      if (url.split('?')[0] !== '/metrics') return answer(404, plain, 'only /metrics is here\n');
      if (method !== 'GET' && method !== 'HEAD') return answer(405, plain, 'use GET\n');
      try {
        answer(200, contentType, await text());
      } catch {
        answer(500, plain, 'the metrics could not be collected\n');
      }
    },
  );
  server.maxConnections = CONNECTIONS;
  server.timeout = 60_000; // idle connections of scrapers that went away
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
