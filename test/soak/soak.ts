import { setTimeout as delay } from 'node:timers/promises';
import { random } from '../fold/events.js';
import { until } from '../service.js';
import { checkAll, checkAtRest, compareRoads, type Found, noneFound } from './checks.js';
import { startTraffic, Wrong } from './clients.js';
import { faults } from './faults.js';
import { openStage } from './stage.js';
import { BATCH, Ledger } from './traffic.js';
import { type Row, Watch } from './watch.js';

export interface SoakOptions {
  seed: number;
  /** How long at least; each kind of fault strikes once in any case. */
  minutes: number;
  /** Seconds from one fault to the next, at least. */
  every: number;
  /** Those that strike, in turns; all by default. */
  kinds?: string[];
  /** Told what happens. */
  tell?: (what: string) => void;
}

export interface Soaked extends Found {
  minutes: number;
  rows: Row[];
  /** Kinds of faults that cannot strike on this machine. */
  leftOut: string[];
  batches: number;
  events: number;
  /** Answers that were held against what was sent, while senders went on. */
  bounded: number;
  /** Statuses that no fault explains. */
  unexpected: Wrong;
  deaths: Wrong;
  /** Services that did not come back within a minute of the end of a fault. */
  lost: Wrong;
  strays: number;
  /** MB of memory, at most: of a service, and of this process. */
  serviceMb: number;
  ownMb: number;
}

/** Milliseconds after which a service that has not come back is lost. */
const PATIENCE = 60_000;

/** Senders and readers for some minutes, while faults strike; then everything is counted. */
export async function soak({ seed, minutes, every, kinds, tell = () => {} }: SoakOptions): Promise<Soaked> {
  const [deaths, unexpected, lost] = [new Wrong(), new Wrong(), new Wrong()];
  const found = noneFound(() => new Wrong());
  const stage = await openStage(Math.ceil(400 + 50 * minutes), deaths);
  try {
    const leftOut = stage.disk === null ? ['disk full'] : [];
    const usable = (kinds ?? Object.keys(faults)).filter((kind) => !leftOut.includes(kind));
    const ledger = new Ledger(seed);
    const watch = new Watch(stage.services);
    const r = random(seed);
    const traffic = startTraffic(stage, ledger, watch, { wrong: found.wrong, unexpected });
    const began = performance.now();
    tell(stage.disk === null ? 'no disk can be mounted here' : `a disk at ${stage.disk}`);
    const isOver = () => performance.now() - began > minutes * 60_000 && usable.every((kind) => watch.rows.has(kind));
    await until(
      () => Math.min(...ledger.acknowledged) > 3,
      () => 'nothing is acknowledged',
    );
    for (let waiting: string[] = []; !isOver() && lost.count === 0; ) {
      if (waiting.length === 0) waiting = r.shuffle(usable);
      const kind = waiting.shift() as string;
      const struck = performance.now();
      watch.strike(kind);
      await faults[kind]?.({ stage, ledger, r, over: () => watch.over(), wrong: found.wrong });
      const end = performance.now() + PATIENCE;
      while (watch.missing().length > 0 && performance.now() < end) await delay(20);
      if (watch.missing().length > 0) {
        lost.add(`after "${kind}": ${watch.missing()}`);
        break;
      }
      const { answer, acknowledged } = watch.rows.get(kind) as Row;
      tell(`${kind}: ${Math.round(answer)} ms to an answer, ${Math.round(acknowledged)} ms to a batch, at most so far`);
      await compareRoads(stage, ledger, r, 2, found);
      if (waiting.length === 0) {
        await traffic.pause();
        await checkAtRest(stage, ledger, r, found);
        traffic.resume();
        tell(
          `at rest: ${ledger.bounds().least} batches, ${found.recounted} answers recounted, ${found.wrong.count} wrong`,
        );
      }
      await delay(Math.max(0, every * 1_000 - (performance.now() - struck)));
    }
    const lasted = (performance.now() - began) / 60_000;
    const serviceMb = stage.peakMb();
    if (lost.count > 0) await traffic.abandon();
    else {
      await traffic.stop();
      await checkAtRest(stage, ledger, r, found);
      await checkAll(stage, ledger, found);
    }
    return {
      ...found,
      minutes: lasted,
      rows: [...watch.rows.values()],
      leftOut,
      batches: ledger.bounds().least,
      events: ledger.bounds().least * BATCH.events,
      bounded: traffic.compared.reduce((all, count) => all + count, 0),
      ...{ unexpected, deaths, lost, serviceMb },
      strays: stage.strays(),
      ownMb: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  } finally {
    await stage.close();
  }
}
