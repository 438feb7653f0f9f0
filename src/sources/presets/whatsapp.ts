import { idFrom } from '../ids.js';
import { type Configuration, ignored, type Mapped, nothing, type Source } from '../source.js';
import { shown, timeFrom } from '../times.js';
import { event, long, row, short, take } from './parts.js';

/**
 * WhatsApp, "Export chat" (`_chat.txt` of iOS, `WhatsApp Chat with ....txt` of Android). A record is a message: a line that begins
 * with a time, and the lines after it that do not.
 *
 * Learnt from the readers starkdmi/whats_json and the format notes of other public parsers: both platforms, 12 and 24 hours, dates
 * with `/`, `.` and `-`, and the Finnish `klo`.
 *
 * The file names neither its chat nor its time zone. A chat's id is made from its first message, so an export that begins at the same
 * message is the same chat. Who wrote first is the user, the others are agents. Times need a zone, and dates such as 8/1/24 need
 * to be told which comes first, day or month.
 */
export const whatsapp: Source = make({});

function make({ time_zone, time_format }: Configuration): Source {
  return {
    name: 'whatsapp',
    about: 'the text file of "Export chat" in WhatsApp',
    configured: make,
    takes: ['time_zone', 'time_format'],
    lines,
    recognizesLine: (line) => START.test(line.replace(MARKS, '')),
    map: (record) => messageOf(record as Said, time_zone ?? null, time_format),
  };
}

interface Said {
  /** The three numbers of the date as they stand, and the mark between them. */
  date: [string, string, string];
  mark: string;
  clock: string;
  half: string | undefined;
  rest: string;
  /** Undefined before the first message of a person. */
  chat: string | undefined;
  asker: string | undefined;
  /** The place among the messages of the same moment, and among those that are all the same. */
  nth: number;
  same: number;
}

const START =
  /^\[?(\d{1,4})([./-])(\d{1,2})\2(\d{1,4}),?\s+(?:klo\s+)?(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?:\s*([AaPp])\.?\s?[Mm]\.?)?(?:\]\s*|\s+[-\u2013]\s+)(.*)$/;

/** The marks of direction that WhatsApp puts into lines. */
const MARKS = /[\u200e\u200f\u202a-\u202e\ufeff]/g;

function lines(): (line: string | null) => unknown {
  let open: Said | undefined;
  let chat: string | undefined;
  let asker: string | undefined;
  let moment = '';
  let nth = 0;
  const seen = new Map<string, number>();
  return (raw) => {
    const line = raw?.replace(MARKS, '').replace(/\r$/, '');
    const found = line === undefined ? null : START.exec(line);
    if (line !== undefined && found === null) {
      if (open !== undefined) open.rest += `\n${line}`;
      else if (line.trim() !== '') return { unread: line };
      return undefined;
    }
    const done = open;
    open = undefined;
    if (found !== null && line !== undefined) {
      const [, a = '', mark = '', b = '', c = '', hour = '', minute = '', second = '00', half, rest = ''] = found;
      asker ??= writerIn(rest);
      if (asker !== undefined) chat ??= idFrom(['whatsapp', line]);
      const now = `${a}-${b}-${c} ${hour}:${minute}:${second}${half ?? ''}`;
      nth = now === moment ? nth + 1 : 0;
      if (now !== moment) seen.clear();
      moment = now;
      const same = seen.get(rest) ?? 0;
      seen.set(rest, same + 1);
      open = { date: [a, b, c], mark, clock: `${hour}:${minute}:${second}`, half, rest, chat, asker, nth, same };
    }
    return done;
  };
}

/** Who wrote: what stands before the first colon and blank. What WhatsApp itself writes has none. */
const writerIn = (rest: string): string | undefined =>
  /^([^:\n]{1,200}): /.exec(rest)?.[1] ?? /^([^:\n]{1,200}):$/.exec(rest)?.[1];

function messageOf(said: Said, zone: string | null, format: string | undefined): Mapped {
  const { unread } = row(said) as { unread?: unknown };
  if (unread !== undefined || !Array.isArray(said?.date))
    return { ...nothing(), faults: [`${shown(unread ?? said)} does not begin as WhatsApp begins a message`] };
  const writer = writerIn(said.rest);
  if (writer === undefined) return ignored('a line that WhatsApp itself wrote, such as of a join or of encryption');
  const order = orderOf(said, format);
  if (order === null) {
    const date = said.date.join(said.mark);
    return { ...nothing(), faults: [`time: ${date} may be two days: say --time-format DD/MM/YYYY or MM/DD/YYYY`] };
  }
  const [year, month, day] = order;
  const text = `${year.length === 2 ? `20${year}` : year}-${month}-${day} ${said.clock}${said.half === undefined ? '' : ` ${said.half}m`}`;
  const time = timeFrom(text, {
    format: `YYYY-MM-DD ${said.half === undefined ? 'HH' : 'hh'}:mm:ss${said.half === undefined ? '' : ' a'}`,
    zone,
  });
  if ('fault' in time) return { ...nothing(), faults: [`time: ${time.fault}`] };
  const isUser = writer === said.asker;
  const fields = {
    id: idFrom([said.chat, time.time, writer, said.rest, said.same]),
    time: time.time,
    conversation_id: said.chat,
    ...(said.nth > 0 ? { seq: said.nth } : {}),
    sender: isUser ? 'user' : 'agent',
    sender_id: short(writer),
    sender_name: short(writer),
    text: long(said.rest.slice(writer.length + 1).trimStart()),
  };
  const mapped = nothing();
  take(mapped, event('message', fields, { channel: 'whatsapp', user_name: isUser ? short(writer) : undefined }));
  return mapped;
}

/** Year, month and day; null if nobody can know which is which. */
function orderOf({ date: [a, b, c], mark }: Said, format: string | undefined): [string, string, string] | null {
  if (a.length === 4) return [a, b, c];
  if (format !== undefined) return format.indexOf('D') < format.indexOf('M') ? [c, b, a] : [c, a, b];
  if (mark !== '/' || Number(a) > 12) return [c, b, a];
  return Number(b) > 12 ? [c, a, b] : null;
}
