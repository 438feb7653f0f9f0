import type { FastifyReply } from 'fastify';
import { type Meter, meters } from '../database/meter.js';

/** Answers a request, and counts what its statements cost. */
export function measured<Result>(answer: (meter: Meter) => Promise<Result>): Promise<Result> {
  const meter: Meter = { database: 0, road: null };
  return meters.run(meter, () => answer(meter));
}

/**
 * Adds `Server-Timing`: `db` is the time of the statements, with the wait for a connection and the road of the queries, and
 * `total` the time since the request arrived. Statements that run at the same time count each.
 */
export function showTiming(reply: FastifyReply, { database, road }: Meter): void {
  reply.request.road = road;
  const desc = road === null ? '' : `;desc="${road}"`;
  reply.header('server-timing', `db;dur=${round(database)}${desc}, total;dur=${round(reply.elapsedTime)}`);
}

const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
