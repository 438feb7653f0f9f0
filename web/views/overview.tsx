import { useRef } from 'preact/hooks';
import { toneOf } from '../charts/data-table.js';
import { change, shown } from '../format.js';
import { useAnswer } from '../load.js';
import { measures, type Shown } from '../measures.js';
import { Failure, Notices } from '../parts/panel.js';
import { common, comparison } from '../questions.js';
import { question } from '../request.js';
import { hrefOf } from '../state.js';
import { type Row, rowsOf } from '../table.js';
import type { QueryAnswer } from '../types.js';
import { Breakdown } from './breakdown.js';
import { Busiest } from './busiest.js';
import { Nothing } from './nothing.js';
import { Trend } from './trend.js';

/** The page one looks at first: how much, how well, since when, from where and at which hours. */
export function Overview() {
  const request = question({ ...common(), measures: measures.map(({ spec }) => spec), ...comparison() });
  const numbers = useAnswer<QueryAnswer>(request);
  const row = numbers.data && (rowsOf(numbers.data)[0] as Row);
  const wasEmpty = useRef(false);
  if (row !== undefined) wasEmpty.current = row.conversations === 0;
  return (
    <>
      {numbers.error && <Failure error={numbers.error} retry={numbers.retry} />}
      <Cards row={row} isLoading={numbers.isLoading} />
      {numbers.data && <Notices of={numbers.data} />}
      {wasEmpty.current ? (
        !numbers.isLoading && <Nothing />
      ) : (
        <div class="panels">
          <Trend />
          <Breakdown dimension="channel" />
          <Breakdown dimension="bot_id" />
          <Breakdown dimension="language" />
          <Breakdown dimension="team_id" />
          <Busiest />
        </div>
      )}
    </>
  );
}

/** The cards, each of one measure or of a median with its p90. */
const cards = measures.filter(({ name }) => !name.endsWith('_p90'));

function Cards({ row, isLoading }: { row: Row | undefined; isLoading: boolean }) {
  return (
    <section class={`cards ${row && isLoading ? 'stale' : ''}`} aria-label="In numbers" aria-busy={isLoading}>
      {cards.map((measure) => {
        const long = measures.find(({ name }) => name === measure.name.replace('_p50', '_p90'));
        return (
          <article key={measure.name}>
            <h2>{measure.label.replace(', median', '')}</h2>
            <Figure measure={measure} row={row} isLoading={isLoading} />
            {long && long !== measure ? (
              <>
                <p class="second">
                  median <Change measure={measure} row={row} />
                </p>
                <p class="second">
                  p90 {shown(row?.[long.name], long.unit)} <Change measure={long} row={row} />
                </p>
              </>
            ) : (
              <Change measure={measure} row={row} />
            )}
          </article>
        );
      })}
    </section>
  );
}

function Figure({ measure, row, isLoading }: { measure: Shown; row: Row | undefined; isLoading: boolean }) {
  const to = hrefOf({ view: 'conversations', where: measure.where });
  return (
    <p class="figure">
      <a
        href={to}
        aria-label={`${measure.label}: the conversations behind ${shown(row?.[measure.name], measure.unit)}`}
      >
        {row === undefined && isLoading ? '…' : shown(row?.[measure.name], measure.unit)}
      </a>
    </p>
  );
}

function Change({ measure: { name, unit, good }, row }: { measure: Shown; row: Row | undefined }) {
  const before = row?.[`${name}_before`];
  const by = change(row?.[name], before, unit);
  return (
    by && (
      <small class={toneOf(by.sign * good)} title={`Before: ${shown(before, unit)}`}>
        {by.text}
      </small>
    )
  );
}
