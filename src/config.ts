import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { parseTimeouts, type Timeouts } from './queries/timeouts.js';

/** Every setting of the service, as an environment variable. This is the only reader of the environment. */
const Settings = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on; 0.0.0.0 in a container' }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on; 0 picks a free one',
  }),
  DATA_DIR: Type.String({ default: './.data', description: 'Folder of the embedded PostgreSQL' }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      description:
        'A PostgreSQL 15 or newer to use instead of the embedded one: postgres://user:password@host:5432/name',
    }),
  ),
  DATABASE_CONNECTIONS: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 500,
    description: 'Most connections to PostgreSQL',
  }),
  STATEMENT_TIMEOUT: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 3_600_000,
    description: 'Milliseconds that one statement may take before the request gets 503',
  }),
  TEMP_FILE_LIMIT: Type.Integer({
    default: 512,
    minimum: 1,
    maximum: 1_000_000,
    description: 'MiB of temporary files that one statement may write, where the role of DATABASE_URL may set that',
  }),
  KEY_CONNECTIONS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 500,
      description: 'Most connections to PostgreSQL that one key uses at a time; half of them unless set',
    }),
  ),
  KEY_REPORTS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 500,
      description: 'Most reports of one key that run at a time; one less than there are cores unless set',
    }),
  ),
  KEY_REQUESTS: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 100_000,
    description: 'Most requests of one key that run and wait at a time; beyond it 429',
  }),
  KEY_BODIES: Type.Integer({
    default: 32,
    minimum: 1,
    maximum: 100_000,
    description: 'MiB that the bodies of these requests may have together, one alone any size; beyond it 429',
  }),
  BODIES: Type.Integer({
    default: 128,
    minimum: 1,
    maximum: 1_000_000,
    description: 'MiB that the bodies of all keys may hold together, one alone any size; beyond it 503',
  }),
  KEY_RATE: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'Most requests a second of one key, over all processes that share the database; beyond it 429. No bound unless set',
    }),
  ),
  CONVERSATION_TIMEOUT: Type.String({
    default: '24h',
    description: 'Idle time after which a conversation counts as closed, and per channel: 24h,web=1h; 0 is never',
  }),
  BOOTSTRAP_ACCOUNT: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
      description: 'Account (a uuid) of the first key, on a database without keys',
    }),
  ),
  BOOTSTRAP_KEY: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{16,200}$',
      description: 'The first key itself, key_id:secret, instead of a made one that is printed',
    }),
  ),
  CORS_ORIGINS: Type.String({
    default: '',
    description: 'Origins whose pages may call the API, separated by commas; none by default',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'Least severe log lines to write' },
  ),
});

export type Config = Omit<Static<typeof Settings>, 'CONVERSATION_TIMEOUT' | 'CORS_ORIGINS'> & {
  CONVERSATION_TIMEOUT: Timeouts;
  CORS_ORIGINS: string[];
};

/** A setting that stops the start; the message names each faulty variable and what is allowed. */
export class ConfigError extends Error {}

/** Reads the configuration from an environment. An empty variable is one that is not set. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(
    Object.keys(Settings.properties).flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const settings = Value.Convert(Settings, Value.Default(Settings, set)) as Static<typeof Settings>;
  const faults = [...Value.Errors(Settings, settings)].map(({ path }) => {
    const name = path.slice(1);
    const secret = name === 'BOOTSTRAP_KEY' || name === 'DATABASE_URL';
    const schema = Settings.properties[name as keyof typeof Settings.properties];
    return `${name}${secret ? '' : `=${environment[name]}`} is not valid: ${schema.description}${allowed(schema)}`;
  });
  if (settings.DATABASE_URL !== undefined && !URL.canParse(settings.DATABASE_URL)) {
    faults.push(
      `DATABASE_URL is not valid: ${Settings.properties.DATABASE_URL.description}; encode @ : / and % in the password`,
    );
  }
  const origins = settings.CORS_ORIGINS.split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  for (const origin of origins.filter((one) => !isOrigin(one))) {
    faults.push(
      `CORS_ORIGINS=${settings.CORS_ORIGINS} is not valid: ${origin} is not an origin; write scheme and host as a browser sends them, without a path or a slash at the end: https://reports.example.com,http://localhost:5173`,
    );
  }
  const timeouts = parseTimeouts(settings.CONVERSATION_TIMEOUT);
  if (timeouts === null) {
    faults.push(
      `CONVERSATION_TIMEOUT=${settings.CONVERSATION_TIMEOUT} is not valid: a duration (90s, 30m, 24h, 7d or 0 for never), then CHANNEL=DURATION for exceptions, separated by commas: 24h,web=1h`,
    );
  }
  if (settings.BOOTSTRAP_KEY !== undefined && settings.BOOTSTRAP_ACCOUNT === undefined) {
    faults.push('BOOTSTRAP_KEY needs BOOTSTRAP_ACCOUNT, the account (a uuid) that the key belongs to');
  }
  if (faults.length > 0) throw new ConfigError([...new Set(faults)].join('\n'));
  return {
    ...settings,
    CONVERSATION_TIMEOUT: timeouts as Timeouts,
    CORS_ORIGINS: origins,
  };
}

/** What a setting may be, where its description does not say. */
function allowed(schema: object): string {
  const { minimum, maximum, anyOf } = schema as { minimum?: number; maximum?: number; anyOf?: { const: string }[] };
  if (anyOf !== undefined) return `: ${anyOf.map((one) => one.const).join(', ')}`;
  return minimum === undefined ? '' : `; a whole number from ${minimum} to ${maximum}`;
}

/** As a browser names one: scheme and host, and nothing behind. */
const isOrigin = (text: string) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;

/** Name, default and meaning of each setting, for `--help` and the documentation. */
export const settings = Object.entries(Settings.properties).map(([name, { default: initial, description }]) => ({
  name,
  initial: initial === undefined ? '' : String(initial),
  description: description ?? '',
}));
