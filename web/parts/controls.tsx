import { bots, teams } from '../lookups.js';
import { endAfter, isDate, lastDay, type Preset, presets } from '../range.js';
import { go, state } from '../state.js';
import { Choice } from './choice.js';

/** What a whole page is about: bot, team, range, zone and comparison. */
export function Controls() {
  const { view, bot, version, team, range, compare } = state.value;
  const versions = bots.value.find((one) => one.bot_id === bot)?.bot_versions ?? [];
  return (
    <form class="controls" aria-label="What is shown" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Bot"
        value={bot}
        none="All bots"
        options={bots.value.map(({ bot_id }) => bot_id)}
        set={(value) => go({ bot: value, version: '', path: [] })}
      />
      {bot && (versions.length > 1 || version) && (
        <Choice
          label="Version"
          value={version}
          none="All versions"
          options={versions}
          set={(value) => go({ version: value, path: [] })}
        />
      )}
      {view !== 'flows' && (
        <Choice
          label="Team"
          value={team}
          none="All teams"
          options={teams.value.map(({ team_id }) => team_id)}
          set={(value) => go({ team: value })}
        />
      )}
      <label>
        Range
        <select value={range} onChange={(event) => chooseRange(event.currentTarget.value)}>
          {Object.entries(presets).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
          <option value="custom">Other days</option>
        </select>
      </label>
      {range === 'custom' && <Dates />}
      <Zone />
      {view !== 'flows' && view !== 'conversations' && (
        <label>
          Compared with
          <select value={compare} onChange={(event) => go({ compare: event.currentTarget.value as typeof compare })}>
            <option value="previous_period">The period before</option>
            <option value="previous_year">The year before</option>
            <option value="">Nothing</option>
          </select>
        </label>
      )}
    </form>
  );
}

function chooseRange(value: string): void {
  if (value !== 'custom') {
    go({ range: value as Preset, start: '', end: '' });
    return;
  }
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  go({ range: 'custom', start: day(7), end: day(0) });
}

/** First and last day of a range of one's own. */
function Dates() {
  const { start, end } = state.value;
  const dayOf = (time: string) => (isDate(time.slice(0, 10)) ? time.slice(0, 10) : '');
  const first = dayOf(start);
  const last = dayOf(lastDay(end));
  const set = (from: string, to: string) => {
    if (from && to) go({ start: from, end: endAfter(to < from ? from : to) });
  };
  return (
    <>
      <label>
        From
        <input type="date" value={first} max={last} onChange={(event) => set(event.currentTarget.value, last)} />
      </label>
      <label>
        To
        <input type="date" value={last} min={first} onChange={(event) => set(first, event.currentTarget.value)} />
      </label>
    </>
  );
}

const zones = Intl.supportedValuesOf('timeZone');

/** The time zone, typed or chosen; one that is none is not taken. */
function Zone() {
  const { zone } = state.value;
  const set = (input: HTMLInputElement) => {
    const isZone = zones.includes(input.value) || input.value === 'UTC';
    input.setCustomValidity(isZone ? '' : 'Write a time zone such as Europe/Helsinki');
    if (isZone) go({ zone: input.value });
    else input.reportValidity();
  };
  return (
    <label>
      Time zone
      <input list="zones" value={zone} onChange={(event) => set(event.currentTarget)} spellcheck={false} />
      <datalist id="zones">
        {['UTC', ...zones].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
