import { type Place, placeOf } from './lines.js';

/** How many places of one cause are shown as they are found, and how many causes. */
const MAX_PLACES = 3;
const MAX_CAUSES = 30;
/** Maximum number of ids to tell apart, so that they do not fill the memory. */
const MAX_IDS = 200_000;

/** What is wrong with some of the lines, and how to mend it. */
interface Cause {
  /** In the words of its first place. */
  reason: string;
  first: string;
  count: number;
}

/** The way out of faults that an option mends, by their words. */
const HINTS: [RegExp, string | ((found: RegExpExecArray) => string)][] = [
  [/has no time zone of its own/, '--time-zone Europe/Berlin says the zone of the data'],
  [
    /written, perhaps (.+?)(?: or (.+))?$/,
    ([, one, other]) => `--time-format "${one}"${other ? `, or "${other}"` : ''}`,
  ],
  [/say how times are written/, '--time-format says how, such as epoch_s or "DD.MM.YYYY HH:mm"'],
  [/is not among the values/, '--value FIELD:word=word,*=word says what each word means'],
  [/^sender: must be /, '--value sender:word=user,word=agent says what each word means'],
  [/UTF-8/, '--encoding says how the text is encoded, such as windows-1252'],
  [/cells, where the header has/, '--delimiter says what stands between cells, if the guess was wrong'],
  [/^id: (?:there is nothing|is needed)/, '--id-from conversation_id,time,sender,text makes ids'],
];

/** Counts the results of what was read. */
export class Tally {
  /** Lines of events and tables, or records of JSON documents. */
  records = 0;
  /** Events to be sent, and records that make none. */
  read = 0;
  accepted = 0;
  duplicates = 0;
  /** Duplicates that differ from the stored events; they were not applied. */
  differing = 0;
  /** Records that make no event although nothing is wrong with them. */
  ignored = 0;
  refused = 0;
  /** What a record is called. */
  unit: 'lines' | 'records' = 'lines';
  readonly #log: (text: string) => void;
  readonly #causes = new Map<string, Cause>();
  readonly #reasons = new Map<string, number>();
  #unshown = 0;
  readonly #seen = { conversations: new Set<string>(), users: new Set<string>(), events: 0, first: '', last: '' };

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  /** What is finished, of `read`. */
  get settled(): number {
    return this.accepted + this.duplicates + this.refused + this.ignored;
  }

  /** A record, or a part of it, that cannot become an event. The first places of each cause are shown. */
  refuse(place: Place, reasons: readonly string[]): void {
    this.refused += 1;
    let isShown = false;
    for (const reason of reasons) {
      const name = causeOf(reason);
      const cause = this.#causes.get(name);
      if (cause !== undefined) cause.count += 1;
      else if (this.#causes.size < MAX_CAUSES) this.#causes.set(name, { reason, first: placeOf(place), count: 1 });
      else this.#unshown += 1;
      isShown ||= (this.#causes.get(name)?.count ?? Number.POSITIVE_INFINITY) <= MAX_PLACES;
    }
    if (isShown) this.#log(`${placeOf(place)}: ${reasons.join('; ')}`);
  }

  ignore(reason: string): void {
    if (this.#reasons.size < MAX_CAUSES || this.#reasons.has(reason))
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  /** Notes an event that is stored, or would be. */
  see(event: { [name: string]: unknown }): void {
    const seen = this.#seen;
    const { conversation_id, time, sender, sender_id, conversation } = event;
    seen.events += 1;
    note(seen.conversations, conversation_id);
    note(
      seen.users,
      (conversation as { user_id?: unknown } | null)?.user_id ?? (sender === 'user' ? sender_id : undefined),
    );
    const instant = typeof time !== 'string' || time.endsWith('Z') ? time : asUtc(time);
    if (typeof instant !== 'string') return;
    if (seen.first === '' || instant < seen.first) seen.first = instant;
    if (instant > seen.last) seen.last = instant;
  }

  /** The counts on one line. */
  counts(elapsedMs: number): string {
    const { records, read, accepted, duplicates, refused, ignored, settled } = this;
    const seconds = elapsedMs / 1000;
    const unit = records === 1 ? this.unit.slice(0, -1) : this.unit;
    const counts = [
      `${records} ${unit} read`,
      `${accepted} accepted`,
      `${duplicates} duplicates`,
      `${refused} refused`,
    ];
    if (ignored > 0) counts.push(`${ignored} ignored`);
    if (settled < read) counts.push(`${read - settled} not sent`);
    if (this.differing > 0)
      counts.push(`${this.differing} of the duplicates differ from the stored events and were not applied`);
    return `${counts.join(', ')}; ${seconds.toFixed(1)} s, ${Math.round(settled / seconds)} ${this.unit}/s`;
  }

  /** What is stored, in words; none if nothing is. */
  story(): string[] {
    const { conversations, users, events, first, last } = this.#seen;
    const by = users.size > 0 ? ` with ${countOf(users, 'user')}` : '';
    const of = `${plural(events, 'event')} of ${countOf(conversations, 'conversation')}${by}`;
    const stored = events === 0 ? [] : [`${of}, ${first} to ${last}`];
    const ignored = [...this.#reasons].map(([reason, count]) => `ignored ${count}: ${reason}`);
    const hints = new Set<string>();
    const refused = [...this.#causes.values()].flatMap(({ reason, first, count }) => {
      const hint = hintFor(reason);
      const line = `refused ${count}: ${reason} (${count === 1 ? '' : 'first '}${first})`;
      if (hint === undefined || hints.has(hint)) return [line];
      hints.add(hint);
      return [line, `  ${hint}`];
    });
    if (this.#unshown > 0) refused.push(`refused ${this.#unshown} for other causes`);
    return [...stored, ...ignored, ...refused];
  }

  /** The days that hold all events, as a report takes them; undefined if there is none. */
  days(): { start: string; end: string } | undefined {
    const { first, last } = this.#seen;
    if (first === '') return undefined;
    const dayAfter = new Date(Date.parse(`${last.slice(0, 10)}T00:00:00Z`) + 86_400_000);
    return { start: first.slice(0, 10), end: dayAfter.toISOString().slice(0, 10) };
  }
}

function hintFor(reason: string): string | undefined {
  for (const [pattern, hint] of HINTS) {
    const found = pattern.exec(reason);
    if (found !== null) return typeof hint === 'string' ? hint : hint(found);
  }
  return undefined;
}

/** A reason without what is of one place alone: quoted values, positions and numbers. */
const causeOf = (reason: string) =>
  reason
    .replace(/"(?:[^"\\]|\\.)*(?:"|\.\.\.)/g, '""')
    .replace(/\d+/g, '0')
    .replace(/^(?:\S+\[0\]): /, '');

function note(ids: Set<string>, id: unknown): void {
  if (id !== undefined && id !== null && ids.size < MAX_IDS) ids.add(String(id));
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
const countOf = ({ size }: Set<string>, word: string) =>
  size < MAX_IDS ? plural(size, word) : `more than ${size} ${word}s`;

function asUtc(time: string): string | undefined {
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
