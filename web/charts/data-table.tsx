import { change, shown } from '../format.js';
import type { Shown } from '../measures.js';
import { type Column, groupName, type Row } from '../table.js';
import { type Drawn, drawTable } from './picture.js';

interface Props {
  /** The column of the groups: its name in the rows and what it says above. */
  group: { name: string; label: string };
  columns: (Column & { good?: Shown['good'] })[];
  rows: Row[];
  /** The column whose values are bars too. */
  bars?: string;
  /** The address of what is behind a row; undefined for the row of all others. */
  href: (row: Row) => string | undefined;
  /** The column that orders the rows, and those that may. */
  sort?: { by: string; set: (by: string) => void; names: readonly string[] };
}

const nameOf = (row: Row, group: string) => (row.is_others ? 'all others' : groupName(row[group]));

/** Groups and their numbers, each with its change where the rows have one. */
export function DataTable({ group, columns, rows, bars, href, sort }: Props) {
  const most = bars === undefined ? 0 : Math.max(...rows.map((row) => Number(row[bars] ?? 0)));
  return (
    <div class="scroller">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">{group.label}</th>
            {bars && <td class="bar" />}
            {columns.map(({ name, label }) => (
              <th key={name} scope="col" class="number" aria-sort={sort?.by === name ? 'descending' : undefined}>
                {sort?.names.includes(name) ? (
                  <button type="button" onClick={() => sort.set(name)}>
                    {label}
                    {sort.by === name ? ' ↓' : ''}
                  </button>
                ) : (
                  label
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const to = href(row);
            const name = nameOf(row, group.name);
            return (
              <tr key={name}>
                <th scope="row">{to ? <a href={to}>{name}</a> : name}</th>
                {bars && <Bar share={Number(row[bars]) / (most || 1)} />}
                {columns.map((column) => (
                  <td key={column.name} class="number">
                    {shown(row[column.name], column.unit)}
                    <Change row={row} column={column} />
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A bar of this share of the width, beside a number that says the same. */
const Bar = ({ share }: { share: number }) => (
  <td class="bar" aria-hidden="true">
    <i style={{ width: `${100 * share}%` }} />
  </td>
);

function Change({ row, column: { name, unit, good = 0 } }: { row: Row; column: Props['columns'][number] }) {
  const by = change(row[name], row[`${name}_before`], unit);
  if (by === null || by.sign === 0) return null;
  return <small class={toneOf(by.sign * good)}> {by.text}</small>;
}

/** The class of a change for the better, the worse, or neither. */
export const toneOf = (sign: number): string => (sign > 0 ? 'better' : sign < 0 ? 'worse' : 'same');

/** A picture of such a table. */
export function pictureOf(title: string, subtitle: string, { group, columns, rows, bars }: Omit<Props, 'href'>) {
  const most = bars === undefined ? 0 : Math.max(1, ...rows.map((row) => Number(row[bars] ?? 0)));
  const drawn = rows.map((row): Drawn[] => [
    { text: nameOf(row, group.name) },
    ...columns.map(({ name, unit }) => ({
      text: shown(row[name], unit),
      ...(name === bars ? { fill: Number(row[name]) / most } : {}),
    })),
  ]);
  return drawTable(title, subtitle, [group.label, ...columns.map(({ label }) => label)], drawn);
}
