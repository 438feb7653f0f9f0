import { Transform, type TransformCallback } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { SlowBody } from '../errors.js';
import { whenAnswered } from './answered.js';

/** What a request may take to arrive, and how many connections may be open; times in milliseconds. */
export interface Arrival {
  /** For the head of a request. */
  head: number;
  /** For all of a request. */
  whole: number;
  /** After which a body must have come at the least rate, on the whole and since the last look. */
  grace: number;
  /** Bytes a second, the least rate of a body. */
  rate: number;
  /** Open connections; one more is dropped. */
  connections: number;
}

/** A mobile uplink sends ten times the least rate; 10 MiB arrive within the whole at 90 KiB a second. */
export const ARRIVAL: Arrival = { head: 20_000, whole: 120_000, grace: 10_000, rate: 1_024, connections: 2_000 };

/** Milliseconds between two looks of Node at requests that are late. */
const lookEvery = ({ head, whole }: Arrival) => Math.max(50, Math.min(5_000, head / 4, whole / 4));

/** The options of a Fastify instance that bound how long a request arrives. */
export const arrivalOptions = (arrival: Arrival) => ({
  requestTimeout: arrival.whole,
  http: { headersTimeout: arrival.head, connectionsCheckingInterval: lookEvery(arrival) },
});

/** Bounds the connections of a service, and refuses with 408 a body that comes slower than the least rate. */
export function boundArrival(app: FastifyInstance, arrival: Arrival): void {
  app.server.maxConnections = arrival.connections;
  app.addHook('preParsing', async (request, reply, payload) => {
    const { headers } = request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return payload;
    const body = new Paced(arrival, {
      onBytes: (received) => request.grow?.(received), // where what a key has under way is counted
      onSlow: () => reply.header('connection', 'close'), // the rest is not waited for
    });
    payload.on('error', (error) => body.destroy(error));
    whenAnswered(reply, () => {
      payload.unpipe(body);
      body.destroy();
      payload.resume(); // what nobody read must not stay in the way of the connection's next request
    });
    return payload.pipe(body);
  });
}

/** What is to be told of a body while it arrives. */
interface Listener {
  /** Takes how many bytes have come. What it throws ends the body. */
  onBytes(received: number): void;
  onSlow(): void;
}

/** A body that ends with `SlowBody` when it comes too slowly. */
class Paced extends Transform {
  readonly #timer: NodeJS.Timeout;
  readonly #listener: Listener;
  #since = 0;
  receivedEncodedLength = 0;

  constructor({ grace, rate }: Arrival, listener: Listener) {
    super();
    this.#listener = listener;
    this.#timer = setInterval(() => {
      // What nobody takes is not the sender's fault.
      if (this.#since >= (rate * grace) / 1_000 || this.readableLength > 0) {
        this.#since = 0;
        return;
      }
      listener.onSlow();
      this.destroy(new SlowBody(`the body of the request comes slower than ${rate} bytes a second`));
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
