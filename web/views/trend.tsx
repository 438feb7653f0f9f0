import { useRef } from 'preact/hooks';
import { ask } from '../api.js';
import { seriesColour } from '../charts/colours.js';
import { Lines, type Series } from '../charts/lines.js';
import { framed } from '../charts/picture.js';
import { bucketName, shown } from '../format.js';
import { useLoad } from '../load.js';
import { groups, measureOf, measures, type Shown } from '../measures.js';
import { Choice } from '../parts/choice.js';
import { Panel } from '../parts/panel.js';
import { Scroller } from '../parts/scroller.js';
import { common, comparison } from '../questions.js';
import { edge, endAfter, rangeName, rangeOf, usualBucket } from '../range.js';
import { question } from '../request.js';
import { go, state } from '../state.js';
import { groupName, type Row, rowsOf } from '../table.js';
import type { QueryAnswer } from '../types.js';

const buckets: Record<string, string> = { '1h': 'Hours', '1d': 'Days', '1w': 'Weeks', '1m': 'Months' };

/** As many groups as lines can be told apart; the others are one more. */
const GROUPS = 5;

interface Drawing {
  times: string[];
  series: Series[];
}

/** One measure over time, beside the period before or split by a dimension. */
export function Trend() {
  const { measure: chosen, group, bucket: wanted, zone } = state.value;
  const measure = measureOf(chosen);
  const bucket = wanted || usualBucket(state.value);
  const canvas = useRef<HTMLCanvasElement | null>(null);

  const whole = question({
    ...common(),
    bucket,
    measures: [measure.spec],
    ...(group ? {} : comparison()),
  });
  const split = question({
    ...common(),
    bucket,
    measures: measure.name === 'conversations' ? ['conversations'] : [measure.spec, 'conversations'],
    group_by: [group],
    order_by: [{ by: 'conversations' }],
    limit: GROUPS,
    others: true,
  });
  const requests = group ? [split, whole] : [whole];
  const loaded = useLoad(requests, async (signal): Promise<Drawing> => {
    const [first, axis = first] = await Promise.all(requests.map((one) => ask<QueryAnswer>(one, signal)));
    const rows = rowsOf(axis as QueryAnswer);
    return group ? byGroup(rows, rowsOf(first as QueryAnswer), measure, group) : besideBefore(rows, measure);
  });

  const pick = ({ times }: Drawing, place: number) => {
    const { start_time, end_time } = rangeOf(state.value);
    const [begin, next] = [edge(times[place] as string), times[place + 1]];
    // The first bucket may begin before the range, and the last one end after it; but days are whole.
    const start = place === 0 && bucket !== '1d' ? start_time : begin;
    const end = next !== undefined ? edge(next) : bucket === '1d' ? endAfter(begin.slice(0, 10)) : end_time;
    go({ view: 'conversations', range: 'custom', start, end, where: measure.where });
  };
  const title = `${measure.label} over time`;
  return (
    <Panel
      title={title}
      isWide
      loaded={loaded}
      requests={requests}
      png={({ series }) => framed(canvas.current as HTMLCanvasElement, title, rangeName(state.value), series)}
      aside={
        <>
          <Choice
            label="Measure"
            value={measure.name}
            options={measures.map(({ name }) => name)}
            name={(name) => measureOf(name).label}
            set={(name) => go({ measure: name })}
          />
          <Choice
            label="Split by"
            value={group}
            none="nothing"
            options={Object.keys(groups)}
            name={(name) => groups[name] ?? name}
            set={(name) => go({ group: name })}
          />
          <Choice
            label="In"
            value={bucket}
            options={Object.keys(buckets)}
            name={(name) => buckets[name] ?? name}
            set={(name) => go({ bucket: name })}
          />
        </>
      }
    >
      {(drawing) => (
        <>
          <Lines
            {...drawing}
            title={title}
            unit={measure.unit}
            bucket={bucket}
            zone={zone}
            pick={(place) => pick(drawing, place)}
            drawn={(drawn) => {
              canvas.current = drawn;
            }}
          />
          <AsTable {...drawing} measure={measure} bucket={bucket} />
        </>
      )}
    </Panel>
  );
}

const cellOf = (row: Row | undefined, name: string) => (row?.[name] ?? null) as number | null;

function besideBefore(rows: Row[], { name, label }: Shown): Drawing {
  const before = `${name}_before`;
  const earlier: Series = {
    label: state.value.compare === 'previous_year' ? 'The year before' : 'The period before',
    values: rows.map((row) => cellOf(row, before)),
    colour: 'muted',
    isDashed: true,
  };
  return {
    times: rows.map(({ time }) => String(time)),
    series: [
      { label, values: rows.map((row) => cellOf(row, name)), colour: 'c0' },
      ...(rows.some((row) => before in row) ? [earlier] : []),
    ],
  };
}

/** A line a group. The axis comes from the answer without groups: with them, only buckets that have some are rows. */
function byGroup(axis: Row[], rows: Row[], { name, unit }: Shown, group: string): Drawing {
  const times = axis.map(({ time }) => String(time));
  const lines = new Map<string, Row[]>();
  for (const row of rows) {
    const label = row.is_others ? 'all others' : groupName(row[group]);
    lines.set(label, [...(lines.get(label) ?? []), row]);
  }
  const nothing = unit === 'count' ? 0 : null; // what the API says of no rows
  const series = [...lines].map(([label, ofGroup], n): Series => {
    const values = new Map(ofGroup.map((row) => [String(row.time), cellOf(row, name)]));
    return { label, values: times.map((time) => values.get(time) ?? nothing), colour: seriesColour(n) };
  });
  return { times, series };
}

/** The same numbers to read, for those who do not see the lines. */
function AsTable({ times, series, measure, bucket }: Drawing & { measure: Shown; bucket: string }) {
  return (
    <details class="as-table">
      <summary>As a table</summary>
      <Scroller label="The numbers of the chart" isTall>
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Start</th>
              {series.map(({ label }) => (
                <th key={label} scope="col" class="number">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((time, n) => (
              <tr key={time}>
                <th scope="row">{bucketName(time, bucket)}</th>
                {series.map(({ label, values }) => (
                  <td key={label} class="number">
                    {shown(values[n], measure.unit)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </details>
  );
}
