import { Heat, shade, type Week } from '../charts/heat.js';
import { drawTable } from '../charts/picture.js';
import { equals } from '../filter.js';
import { weekdays } from '../format.js';
import { useAnswer } from '../load.js';
import { Panel } from '../parts/panel.js';
import { common } from '../questions.js';
import { rangeName } from '../range.js';
import { question } from '../request.js';
import { go, state } from '../state.js';
import { rowsOf } from '../table.js';
import type { QueryAnswer } from '../types.js';

const title = 'Busiest hours';

/** Conversations by weekday and hour, in the chosen zone. */
export function Busiest() {
  const request = question({ ...common(), measures: ['conversations'], group_by: ['day_of_week', 'hour_of_day'] });
  const loaded = useAnswer<QueryAnswer>(request);
  const { zone } = state.value;
  return (
    <Panel
      title={title}
      isWide
      loaded={loaded}
      requests={[request]}
      isEmpty={({ rows }) => rows.length === 0}
      png={(answer) => picture(weekOf(answer))}
    >
      {(answer) => (
        <>
          <Heat
            label={`Conversations by weekday and hour, ${zone}`}
            week={weekOf(answer)}
            pick={(day, hour) =>
              go({ view: 'conversations', where: [equals('day_of_week', day), equals('hour_of_day', hour)] })
            }
          />
          <p class="hint">
            Conversations that began in each hour, {zone}. The stronger the colour, the more; choose an hour to see
            them.
          </p>
        </>
      )}
    </Panel>
  );
}

function weekOf(answer: QueryAnswer): Week {
  const week: Week = weekdays.map(() => Array<number>(24).fill(0));
  for (const { day_of_week, hour_of_day, conversations } of rowsOf(answer)) {
    const hours = week[Number(day_of_week) - 1] as number[];
    hours[Number(hour_of_day)] = Number(conversations);
  }
  return week;
}

function picture(week: Week): HTMLCanvasElement {
  const { zone } = state.value;
  const most = Math.max(...week.flat());
  const rows = week.map((values, day) => [
    { text: weekdays[day] as string },
    ...values.map((value) => ({ text: String(value), fill: shade(value, most) / 9 })),
  ]);
  const header = ['', ...Array.from({ length: 24 }, (_, hour) => String(hour))];
  return drawTable(title, `Conversations, ${rangeName(state.value)}, ${zone}`, header, rows, true);
}
