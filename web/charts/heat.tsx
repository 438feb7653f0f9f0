import { useRef, useState } from 'preact/hooks';
import { shown, weekdays } from '../format.js';

/** Values by weekday (Monday first) and hour of the day. */
export type Week = number[][];

interface Props {
  label: string;
  week: Week;
  pick: (weekday: number, hour: number) => void;
}

const hours = Array.from({ length: 24 }, (_, hour) => hour);

/** How dark a cell is, from 0 to 9. */
export const shade = (value: number, most: number): number => (most === 0 ? 0 : Math.ceil((9 * value) / most));

/** The hours of a week as a grid: one stop of the Tab key, within which the arrow keys move. */
export function Heat({ label, week, pick }: Props) {
  const [[row, column], setPlace] = useState([0, 9]);
  const grid = useRef<HTMLTableElement>(null);
  const most = Math.max(...week.flat());

  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, 23],
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const [nextRow, nextColumn] = [Math.max(0, Math.min(6, move[0])), Math.max(0, Math.min(23, move[1]))];
    setPlace([nextRow, nextColumn]);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${nextRow}-${nextColumn}"]`)?.focus();
  };
  return (
    <div class="scroller">
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose cells are buttons is a grid */}
      <table class="heat" role="grid" aria-label={label} ref={grid} onKeyDown={onKeyDown}>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Weekday</span>
            </th>
            {hours.map((hour) => (
              <th key={hour} scope="col">
                {hour % 3 === 0 ? hour : <span class="hidden">{hour}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {week.map((values, weekday) => (
            <tr key={weekdays[weekday]}>
              <th scope="row">{weekdays[weekday]?.slice(0, 3)}</th>
              {values.map((value, hour) => (
                <td key={hours[hour]}>
                  <button
                    type="button"
                    class={`q${shade(value, most)}`}
                    data-cell={`${weekday}-${hour}`}
                    tabIndex={weekday === row && hour === column ? 0 : -1}
                    title={`${weekdays[weekday]}, ${hour}:00: ${shown(value, 'count')}`}
                    onClick={() => pick(weekday + 1, hour)}
                    onFocus={() => setPlace([weekday, hour])}
                  >
                    <span class="hidden">{shown(value, 'count')}</span>
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
