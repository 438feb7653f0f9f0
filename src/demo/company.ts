/** The made company: a shop with three bots, four teams and those who work in them. */

export interface Agent {
  id: string;
  name: string;
  team: Team;
  /** How many times longer than others it takes to answer. */
  pace: number;
  /** From -1 to 1: how much happier people are afterwards. */
  charm: number;
}

export type Team = 'sales' | 'support' | 'returns' | 'billing';

const agent = (name: string, team: Team, pace: number, charm: number): Agent => ({
  id: (name.split(' ')[0] as string).toLowerCase(),
  name,
  team,
  pace,
  charm,
});

export const agents: readonly Agent[] = [
  agent('Mia Lind', 'sales', 0.8, 0.5),
  agent('Oskar Berg', 'sales', 1.1, 0.1),
  agent('Tessa Moor', 'sales', 1, 0.3),
  agent('Leo Hart', 'support', 0.7, 0.4),
  agent('Aino Salo', 'support', 0.9, 0.6),
  agent('Jonas Weber', 'support', 1.3, -0.1),
  agent('Priya Nair', 'support', 0.85, 0.4),
  agent('Elin Falk', 'support', 1.6, -0.4),
  agent('Marco Conti', 'returns', 1, 0.2),
  agent('Hanna Vogel', 'returns', 1.2, 0),
  agent('Sami Koski', 'returns', 0.9, 0.3),
  agent('Nora Dahl', 'billing', 1.1, 0.1),
  agent('Emil Roos', 'billing', 1.4, -0.2),
];

/** A version of a bot, and how many days before the end it went live. */
interface Version {
  name: string;
  days: number;
  /** How much more it solves than the first one. */
  skill: number;
}

export interface Bot {
  id: string;
  versions: readonly Version[];
  intents: Partial<Record<IntentName, number>>;
  channels: Partial<Record<Channel, number>>;
}

export type Channel = 'web' | 'whatsapp' | 'app' | 'voice' | 'email';

export const bots: readonly Bot[] = [
  {
    id: 'shop',
    versions: [
      { name: 'v1', days: 10_000, skill: 0 },
      { name: 'v2', days: 220, skill: 0.08 },
      { name: 'v3', days: 75, skill: 0.13 },
    ],
    intents: {
      find_product: 30,
      order_status: 22,
      opening_hours: 10,
      delivery_cost: 14,
      discount: 12,
      talk_to_person: 8,
    },
    channels: { web: 62, whatsapp: 22, app: 16 },
  },
  {
    id: 'care',
    versions: [
      { name: 'v1', days: 10_000, skill: 0.02 },
      { name: 'v2', days: 130, skill: 0.1 },
    ],
    intents: { order_status: 38, return_item: 24, broken_item: 12, invoice: 12, talk_to_person: 10, opening_hours: 4 },
    channels: { web: 40, whatsapp: 38, app: 22 },
  },
  {
    id: 'phone',
    versions: [{ name: 'v1', days: 300, skill: -0.06 }],
    intents: { order_status: 44, opening_hours: 22, return_item: 14, talk_to_person: 20 },
    channels: { voice: 100 },
  },
];

/** The version of a bot that was live so many days before the end; undefined before the first. */
export const versionOf = (bot: Bot, left: number): Version | undefined =>
  bot.versions.findLast(({ days }) => left < days);

export const languages = { en: 52, fi: 24, sv: 14, de: 10 } as const;

export type IntentName =
  | 'find_product'
  | 'order_status'
  | 'opening_hours'
  | 'delivery_cost'
  | 'discount'
  | 'return_item'
  | 'broken_item'
  | 'invoice'
  | 'talk_to_person';

export interface Intent {
  asks: readonly string[];
  answer: string;
  /** The share that the first version of a bot solves alone. */
  solved: number;
  team: Team;
  /** The steps of its flow after the greeting; `again` is where a misunderstood answer leads back to. */
  steps: readonly string[];
  again?: string;
  /** The collection that its answer comes from. */
  collection?: string;
}

export const intents: Readonly<Record<IntentName, Intent>> = {
  find_product: {
    asks: [
      'Do you have hiking boots in size 42?',
      'I am looking for a tent for four',
      'Is the blue backpack in stock?',
    ],
    answer: 'These three fit what you are looking for.',
    solved: 0.7,
    team: 'sales',
    steps: ['ask_need', 'suggest_products', 'show_product'],
    again: 'ask_need',
  },
  order_status: {
    asks: ['Where is my order?', 'My parcel has not arrived', 'When will it be delivered?'],
    answer: 'Your parcel is on its way and arrives tomorrow.',
    solved: 0.74,
    team: 'support',
    steps: ['ask_order_number', 'look_up_order', 'show_status'],
    again: 'ask_order_number',
  },
  opening_hours: {
    asks: ['Are you open on Saturday?', 'When do you close today?'],
    answer: 'We are open from 9 to 18, on Saturdays from 10 to 15.',
    solved: 0.95,
    team: 'support',
    steps: ['show_hours'],
    collection: 'shop-info',
  },
  delivery_cost: {
    asks: ['How much is shipping?', 'Do you deliver to Norway?'],
    answer: 'Delivery costs 4.90, and nothing from 60 on.',
    solved: 0.9,
    team: 'sales',
    steps: ['ask_country', 'show_cost'],
    collection: 'shop-info',
  },
  discount: {
    asks: ['My discount code does not work', 'Is there a discount for students?'],
    answer: 'The code is valid until Sunday.',
    solved: 0.62,
    team: 'sales',
    steps: ['ask_code', 'check_code'],
    again: 'ask_code',
  },
  return_item: {
    asks: ['I want to send something back', 'How do I return a jacket?', 'The shoes are too small'],
    answer: 'I have sent you a return label.',
    solved: 0.58,
    team: 'returns',
    steps: ['ask_order_number', 'choose_item', 'ask_reason', 'send_label'],
    again: 'choose_item',
    collection: 'return-policy',
  },
  broken_item: {
    asks: ['The zip broke after a week', 'The lamp arrived damaged'],
    answer: 'I am sorry. You can choose a new one or your money back.',
    solved: 0.34,
    team: 'returns',
    steps: ['ask_order_number', 'ask_photo', 'offer_replacement'],
    again: 'ask_photo',
    collection: 'return-policy',
  },
  invoice: {
    asks: ['I need an invoice', 'The amount on my invoice is wrong'],
    answer: 'The invoice is in your inbox.',
    solved: 0.55,
    team: 'billing',
    steps: ['ask_order_number', 'send_invoice'],
  },
  talk_to_person: {
    asks: ['I want to talk to a person', 'Agent please'],
    answer: 'I will find somebody for you.',
    solved: 0.06,
    team: 'support',
    steps: [],
  },
};
