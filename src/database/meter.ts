import { AsyncLocalStorage } from 'node:async_hooks';

/** What a request cost so far. */
export interface Meter {
  /** Milliseconds of its statements, with those that they waited for a connection. */
  database: number;
  /** The road of its queries; null without one, `mixed` where they differ, `kept` for an answer that was computed before. */
  road: 'segments' | 'raw' | 'mixed' | 'kept' | null;
}

/** The current request: statements made inside `meters.run` count for it. */
export const meters = new AsyncLocalStorage<Meter>();

/** Counts the time of a statement for the current request, if there is one. */
export function noteStatement(milliseconds: number): void {
  const meter = meters.getStore();
  if (meter !== undefined) meter.database += milliseconds;
}

/** Notes the road of a query for the current request, if there is one. */
export function noteRoad(road: 'segments' | 'raw' | 'kept'): void {
  const meter = meters.getStore();
  if (meter !== undefined) meter.road = meter.road === null || meter.road === road ? road : 'mixed';
}
