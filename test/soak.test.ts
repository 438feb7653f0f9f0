import t from 'tap';
import { faultsOf, report } from './soak/report.js';
import { soak } from './soak/soak.js';

/** The machinery of `npm run soak`, for some seconds and two kinds of faults, so that it is whole when it is needed. */
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

t.test(
  `senders and readers while faults strike (SEED=${seed})`,
  { skip: process.platform !== 'linux' && 'reads /proc' },
  async (t) => {
    const kinds = ['database killed', 'service killed in mid-ingest'];
    const soaked = await soak({ seed, minutes: 8 / 60, every: 4, kinds });
    t.comment(report(soaked));
    for (const [name, count, first] of faultsOf(soaked)) t.strictSame([count, first], [0, []], `${name}: none`);
    for (const kind of kinds) {
      const row = soaked.rows.find(({ fault }) => fault === kind);
      t.ok(row !== undefined && Object.keys(row.refused).length > 0, `${kind}: it was felt`);
    }
    t.ok(soaked.batches > 20, `${soaked.batches} batches`);
    t.ok(soaked.bounded > 20, `${soaked.bounded} answers`);
    t.ok(soaked.recounted > 0 && soaked.roads.stored + soaked.roads.built > 0, 'answers were recounted');
  },
);
