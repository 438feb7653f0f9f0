import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool, Statement } from '../database/database.js';
import { sheds } from '../errors.js';
import type { Answered, Observer, Unreadable } from '../http/requests.js';
import { version } from '../root.js';

/** What is asked when metrics are collected. All of it is in memory, so a scrape never waits for the database. */
export interface Asked {
  /** Null while there is no pool yet. */
  load(): ReturnType<Pool['load']> | null;
  /** Unhandled rejections so far. */
  strays(): number;
  /** Seconds that the oldest mark of a segment waits; 0 without marks, null while it is not known. */
  oldestMark(): number | null;
}

export interface Metrics {
  observer: Observer;
  onStatement(statement: Statement): void;
  /** A round of the refresher failed. */
  refreshFailed(): void;
  /** The exposition format of Prometheus. */
  text(): Promise<string>;
  contentType: string;
}

const prefix = 'conversation_reports_';

/** Seconds; a small answer takes 2 ms, and a statement may take 30 s. */
const durations = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds from an event to its arrival: live traffic takes some, an import of old conversations months. */
const lags = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 604_800];

/** The methods that routes have. A client may send any word, and each would be a series of its own. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** The label of what no route matches. */
const UNKNOWN = 'unknown';

const unreadables: Unreadable[] = ['timeout', 'headers', 'invalid', 'expectation', 'connections'];
const outcomes = ['accepted', 'duplicates', 'refused'] as const;

/**
 * The metrics of one process. No label has a value that a client chooses, and none names an account or a key: the number
 * of series is bounded by the number of routes.
 */
export function createMetrics(asked: Asked): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: prefix + name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, buckets: number[], labelNames: Label[] = []) =>
    new Histogram({ name: prefix + name, help, labelNames, buckets, registers });
  const gauge = (name: string, help: string, value: () => number | null) =>
    new Gauge({
      name: prefix + name,
      help,
      registers,
      collect() {
        this.set(value() ?? Number.NaN);
      },
    });

  collectDefaultMetrics({ register: registry });
  const info = new Gauge({ name: `${prefix}info`, help: 'The version', labelNames: ['version'], registers });
  info.set({ version }, 1);

  const requests = counter('http_requests_total', 'Requests by route and status; status "aborted": the client went', [
    'method',
    'route',
    'status',
  ]);
  const seconds = histogram(
    'http_request_duration_seconds',
    'Time from the headers of a request to its answer',
    durations,
    ['method', 'route'],
  );
  let inFlight = 0;
  gauge('http_requests_in_flight', 'Requests that are not answered yet', () => inFlight);
  const unread = counter('http_unreadable_total', 'What Node refused before it was a request', ['reason']);
  const shed = counter('http_shed_total', 'Requests that ran into a limit or a failure, and may be sent again', [
    'reason',
  ]);
  const reports = counter('reports_total', 'Reports by where their numbers came from', ['road']);
  const events = counter('events_total', 'Events received', ['outcome']);
  const lag = histogram('ingest_lag_seconds', 'Time from the newest event of a stored batch to its arrival', lags);
  const statements = histogram('statement_duration_seconds', 'Time of a statement on its connection', durations, [
    'weight',
  ]);
  const waits = histogram('statement_wait_seconds', 'Time that a statement waited for a connection', durations, [
    'weight',
  ]);
  const failed = counter('statements_failed_total', 'Statements that failed, or that took too long', ['weight']);
  const refreshes = counter(
    'segment_refresh_failures_total',
    'Segments that could not be refreshed, to be tried again',
  );
  // A series that begins with its first event hides that event from rate().
  for (const reason of unreadables) unread.inc({ reason }, 0);
  for (const reason of sheds) shed.inc({ reason }, 0);
  for (const road of ['segments', 'raw', 'mixed', 'kept']) reports.inc({ road }, 0);
  for (const outcome of outcomes) events.inc({ outcome }, 0);
  for (const weight of ['light', 'heavy', 'write']) failed.inc({ weight }, 0);

  new Gauge({
    name: `${prefix}statements_running`,
    help: 'Statements that run now',
    labelNames: ['weight'],
    registers,
    collect() {
      const { running } = asked.load() ?? { running: { light: 0, heavy: 0, write: 0 } };
      for (const [weight, count] of Object.entries(running)) this.set({ weight }, count);
    },
  });
  gauge('statements_waiting', 'Statements that wait for a connection', () => asked.load()?.waiting ?? null);
  gauge('statements_waiting_bytes', 'Bytes that the waiting statements hold', () => asked.load()?.bytes ?? null);
  gauge('database_connections_max', 'Most statements that run at a time', () => asked.load()?.connections ?? null);
  gauge('database_up', '1 while the database answers, 0 while it is away', () =>
    asked.load()?.isAway === false ? 1 : 0,
  );
  gauge(
    'segments_oldest_mark_seconds',
    'How long the oldest change of a conversation waits for its segment',
    asked.oldestMark,
  );
  const strays = counter('unhandled_rejections_total', 'Rejections that nobody handled');

  return {
    observer: {
      began() {
        inFlight++;
      },
      answered(answered) {
        inFlight--;
        const labels = labelsOf(answered);
        requests.inc({ ...labels, status: answered.status === null ? 'aborted' : String(answered.status) });
        seconds.observe(labels, answered.seconds);
        if (answered.shed !== null) shed.inc({ reason: answered.shed });
        if (answered.road !== null) reports.inc({ road: answered.road });
        const { ingested } = answered;
        if (ingested === null) return;
        for (const outcome of outcomes) events.inc({ outcome }, ingested[outcome]);
        if (ingested.lag !== null) lag.observe(ingested.lag);
      },
      unreadable(reason) {
        unread.inc({ reason });
      },
    },
    onStatement({ weight, waited, took, isFailed }) {
      statements.observe({ weight }, took / 1_000);
      waits.observe({ weight }, waited / 1_000);
      if (isFailed) failed.inc({ weight });
    },
    refreshFailed: () => refreshes.inc(),
    text() {
      strays.reset();
      strays.inc(asked.strays());
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

const labelsOf = ({ method, route }: Answered) => ({
  method: methods.includes(method) ? method : 'OTHER',
  route: route ?? UNKNOWN,
});
