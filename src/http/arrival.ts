import { Transform, type TransformCallback } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { SlowBody } from '../errors.js';
import { whenAnswered } from './answered.js';

/** Limits on the arrival of requests and on connections. Times are in milliseconds. */
export interface Arrival {
  /** Maximum time for the headers of a request. */
  head: number;
  /** Maximum time for a whole request. */
  whole: number;
  /** Interval at which the rate of a body is checked, over the whole body and since the last check. */
  grace: number;
  /** Minimum rate of a body in bytes per second. */
  rate: number;
  /** Maximum number of open connections; further ones are dropped. */
  connections: number;
}

/** A mobile uplink is ten times faster than the minimum rate; 10 MiB at 90 KiB/s arrive within the maximum time. */
export const ARRIVAL: Arrival = { head: 20_000, whole: 120_000, grace: 10_000, rate: 1_024, connections: 2_000 };

/** Interval in milliseconds at which Node checks for late requests. */
const lookEvery = ({ head, whole }: Arrival) => Math.max(50, Math.min(5_000, head / 4, whole / 4));

/** Fastify options that limit how long a request may take to arrive. */
export const arrivalOptions = (arrival: Arrival) => ({
  requestTimeout: arrival.whole,
  http: { headersTimeout: arrival.head, connectionsCheckingInterval: lookEvery(arrival) },
});

/** Limits the number of connections and refuses a body slower than the minimum rate with 408. */
export function boundArrival(app: FastifyInstance, arrival: Arrival): void {
  app.server.maxConnections = arrival.connections;
  app.addHook('preParsing', async (request, reply, payload) => {
    const { headers } = request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return payload;
    const body = new Paced(arrival, {
      onBytes: (received) => request.grow?.(received), // admission counts it for the key
      onSlow: () => reply.header('connection', 'close'), // do not wait for the rest
    });
    payload.on('error', (error) => body.destroy(error));
    whenAnswered(reply, () => {
      payload.unpipe(body);
      body.destroy();
      payload.resume(); // unread bytes must not be taken for the connection's next request
    });
    return payload.pipe(body);
  });
}

/** Callbacks about a body while it arrives. */
interface Listener {
  /** Called with the number of bytes received so far. An exception aborts the body. */
  onBytes(received: number): void;
  onSlow(): void;
}

/** A pass-through stream that fails with `SlowBody` if the body arrives too slowly. */
class Paced extends Transform {
  readonly #timer: NodeJS.Timeout;
  readonly #listener: Listener;
  #since = 0;
  receivedEncodedLength = 0;

  constructor({ grace, rate }: Arrival, listener: Listener) {
    super();
    this.#listener = listener;
    this.#timer = setInterval(() => {
      // Back-pressure from our side is not the sender's fault.
      if (this.#since >= (rate * grace) / 1_000 || this.readableLength > 0) {
        this.#since = 0;
        return;
      }
      listener.onSlow();
      this.destroy(new SlowBody(`the request body arrives slower than ${rate} bytes per second`));
    }, grace);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#since += chunk.length;
    this.receivedEncodedLength += chunk.length;
    let refusal: Error | null = null;
    try {
      this.#listener.onBytes(this.receivedEncodedLength);
    } catch (error) {
      refusal = error as Error;
    }
    done(refusal, chunk);
  }

  override _flush(done: TransformCallback): void {
    clearInterval(this.#timer);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    done(error);
  }
}
