import type { Hook, Outcome } from '../../auth/sources.js';
import type { Database } from '../../database/database.js';
import { Forbidden, InvalidRequest } from '../../errors.js';
import { checkEvents, type EventRow } from '../../queries/ingest/check.js';
import { checkClaims } from '../../queries/ingest/claims.js';
import { ingest } from '../../queries/ingest/ingest.js';
import { lagOf } from '../../queries/ingest/lag.js';
import { MAX_EVENTS } from '../../queries/ingest/limits.js';
import type { Retention } from '../../queries/retention/days.js';
import { pastOf } from '../../queries/retention/past.js';
import type { Scope } from '../../queries/scope.js';
import { TimeSlice } from '../../queries/time-slice.js';
import { compile } from '../../sources/compile.js';
import { dressed } from '../../sources/dress.js';
import { parseMapping } from '../../sources/mapping.js';
import { pathOf, valuesAt } from '../../sources/paths.js';
import { presets } from '../../sources/presets/index.js';
import { type Mapped, nothing, type Source } from '../../sources/source.js';

/**
 * Stores what a delivery brings. What cannot be read, or may not be stored, is left out and said in the outcome; the rest of
 * the delivery stands. `now` is epoch milliseconds, and `lag` the seconds from the newest event to it.
 */
export async function deliver(
  db: Database,
  scope: Scope,
  hook: Hook,
  body: unknown,
  { now, retention }: { now: number; retention: Retention },
): Promise<Outcome & { lag: number | null }> {
  const slice = new TimeSlice();
  const { events, ignored, faults } = await mapped(hook, body, slice);
  const rows: EventRow[] = [];
  for (const [index, event] of events.entries()) {
    if (slice.isOver()) await slice.next();
    const fault = (message: string) => faults.push(`${event.type} ${String(event.id).slice(0, 200)}: ${message}`);
    const checked = await checkEvents([{ index, value: event }]);
    const [row] = checked.rows;
    if (checked.faults.length > 0 || row === undefined) {
      for (const { path, message } of checked.faults) fault(`${path.replace(/^\$\.events\[\d+\]\.?/, '')} ${message}`);
      continue;
    }
    const claim = refusalOf(() => checkClaims(scope, [row], [0], now));
    if (claim === null) rows.push(row);
    else fault(claim);
  }
  const isPast = await pastOf(db, scope.account, rows, retention, now);
  const outcome = { accepted: 0, duplicates: 0, ignored, faults };
  for (let start = 0; start < rows.length; start += MAX_EVENTS) {
    const { accepted, duplicates } = await store(db, scope, rows.slice(start, start + MAX_EVENTS), isPast, faults);
    outcome.accepted += accepted;
    outcome.duplicates += duplicates;
  }
  return { ...outcome, lag: outcome.accepted === 0 ? null : lagOf(rows, now) };
}

async function mapped(hook: Hook, body: unknown, slice: TimeSlice): Promise<Mapped> {
  const source = sourceOf(hook);
  if (source === null)
    return { ...nothing(), faults: [`there is no preset ${hook.preset} in this version of the service`] };
  const found = source.records === undefined ? [body] : valuesAt(pathOf(source.records), body, body);
  if (found.length === 0) return { ...nothing(), ignored: [`nothing at ${source.records}`] };
  const all = nothing();
  for (const record of found.flat()) {
    if (slice.isOver()) await slice.next();
    const { events, ignored, faults } = source.map(record);
    for (const event of events) all.events.push(event);
    all.ignored.push(...ignored.slice(0, 1_000));
    all.faults.push(...faults.slice(0, 1_000));
  }
  return all;
}

/** The source of a hook; null if its preset is of another version. Throws if its mapping, which was checked, is not valid. */
function sourceOf({ source, preset, mapping, prefix, attributes }: Hook): Source | null {
  const set = JSON.parse(attributes) as Record<string, unknown>;
  if (preset !== null) return Object.hasOwn(presets, preset) ? dressed(presets[preset] as Source, prefix, set) : null;
  const parsed = parseMapping(JSON.parse(mapping ?? 'null'));
  if ('faults' in parsed) throw new Error(`the stored mapping of a source is not valid: ${parsed.faults[0]?.message}`);
  return dressed(compile(source, parsed.mapping), prefix, set);
}

/** Stores rows without those of conversations that the service refuses, which become faults. */
async function store(
  db: Database,
  scope: Scope,
  rows: EventRow[],
  isPast: (row: EventRow) => boolean,
  faults: string[],
): Promise<{ accepted: number; duplicates: number }> {
  let left = rows;
  for (;;) {
    const trial = left;
    try {
      // Told of all conversations that are refused, it takes a second trial and no more for each reason.
      return await ingest(db, scope, trial, [...trial.keys()], { most: Number.POSITIVE_INFINITY, isPast });
    } catch (error) {
      if (!(error instanceof Forbidden || error instanceof InvalidRequest)) throw error;
      const refused = new Map<string, string>();
      for (const { path, message } of error.faults) {
        const row = trial[Number(/\d+/.exec(path)?.[0])];
        if (row !== undefined) refused.set(row.conversation_id, message);
      }
      if (refused.size === 0) throw error;
      left = trial.filter((row) => {
        const message = refused.get(row.conversation_id);
        if (message !== undefined) faults.push(`${row.type} ${row.id}: ${message}`);
        return message === undefined;
      });
    }
  }
}

/** What a check says against a row; null if nothing. */
function refusalOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error;
    return error.faults[0]?.message ?? error.message;
  }
}
