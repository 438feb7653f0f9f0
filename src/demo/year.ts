import { type Day, daysBefore, moment } from './calendar.js';
import { bots, type Channel, languages, versionOf } from './company.js';
import { converse, type DemoEvent, type Opening } from './conversation.js';
import { type Random, random } from './random.js';
import { firstNames } from './texts.js';

const DAY = 86_400_000;

export type { DemoEvent };

export interface YearOptions {
  seed: number;
  /** The end in epoch milliseconds, a midnight in UTC; everything happens before it. */
  until: number;
  /** About how many conversations. */
  conversations: number;
  /** How many days, 365 unless set. */
  days?: number;
}

/**
 * A made year of a shop's conversations, one list of events a conversation, by day. The same options give the same
 * events, so that they can be sent again.
 */
export function* madeYear({ seed, until, conversations, days = 365 }: YearOptions): Generator<DemoEvent[]> {
  if (until % DAY !== 0) throw new Error('the end is a midnight in UTC');
  const dice = random(seed);
  const all = daysBefore(until, days, dice);
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  const people = new People(dice);
  let number = 0;
  let due = 0;
  for (const day of all) {
    due += (conversations * day.weight) / total;
    while (number < Math.round(due)) {
      number++;
      const events = converse(openingOf(`c-${number}`, day, people, dice), dice);
      const isOver = Date.parse((events.at(-1) as DemoEvent).time) < until;
      if (isOver) yield events;
    }
  }
}

function openingOf(id: string, day: Day, people: People, dice: Random): Opening {
  const wanted = dice.weighted({ shop: 55, care: 30, phone: 7, mail: 8 });
  const bot = bots.find((one) => one.id === wanted && versionOf(one, day.left) !== undefined);
  const channel: Channel = bot ? dice.weighted(bot.channels as Record<Channel, number>) : 'email';
  const isOffice = channel === 'voice' || channel === 'email';
  return { id, day, bot, channel, time: moment(day, isOffice, dice), user: people.next() };
}

/** The people who write. A third have written before, most of them lately. */
class People {
  readonly #known: Opening['user'][] = [];
  readonly #dice: Random;

  constructor(dice: Random) {
    this.#dice = dice;
  }

  next(): Opening['user'] {
    const dice = this.#dice;
    if (this.#known.length > 20 && dice.chance(0.34)) {
      const back = 1 + (Math.floor(dice.around(400, 1.2)) % this.#known.length);
      return this.#known[this.#known.length - back] as Opening['user'];
    }
    const user = {
      id: `user-${this.#known.length + 1}`,
      name: dice.pick(firstNames),
      language: dice.weighted(languages),
    };
    this.#known.push(user);
    return user;
  }
}
