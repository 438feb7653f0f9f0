import { existsSync } from 'node:fs';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { UUID } from './queries/accounts.js';
import { parseRetention, type Retention } from './queries/retention/days.js';
import { parseTimeouts, type Timeouts } from './queries/timeouts.js';

/** The settings of the service, as environment variables. Only this module reads the environment. */
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
    description: 'Maximum number of connections to PostgreSQL',
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
    description: 'MiB of temporary files that one statement may write; needs a role of DATABASE_URL that may set it',
  }),
  KEY_CONNECTIONS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 500,
      description: 'Maximum number of connections to PostgreSQL that one key uses; default: half of them',
    }),
  ),
  KEY_REPORTS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 500,
      description:
        'Maximum number of reports of one key that run at the same time; default: one less than there are cores',
    }),
  ),
  KEY_REQUESTS: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 100_000,
    description: 'Maximum number of requests of one key, running and waiting; beyond it 429',
  }),
  KEY_BODIES: Type.Integer({
    default: 32,
    minimum: 1,
    maximum: 100_000,
    description:
      'Maximum total size of the bodies of these requests in MiB, a single one may have any size; beyond it 429',
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
        'Maximum requests per second of one key, over all processes that share the database; beyond it 429; default: no limit',
    }),
  ),
  WRONG_SECRETS: Type.Integer({
    default: 30,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Wrong keys and secret addresses that one client address may send per minute; beyond it 429; 0 means no limit',
  }),
  TRUST_PROXY: Type.String({
    default: '',
    description:
      'Addresses of proxies, or networks such as 10.0.0.0/8, separated by commas, whose X-Forwarded-For is believed; default: none',
  }),
  BASE_PATH: Type.String({
    default: '',
    pattern: '^((/[A-Za-z0-9._~-]+)+)?$',
    description:
      'Path before all others, where a proxy passes it on: /reports serves the dashboard at /reports/; default: none',
  }),
  CONVERSATION_TIMEOUT: Type.String({
    default: '24h',
    description: 'Idle time after which a conversation counts as closed, also per channel: 24h,web=1h; 0 means never',
  }),
  RETENTION_DAYS: Type.String({
    default: '0',
    description:
      'Days after its last activity when a conversation is removed for good, also per channel: 365,whatsapp=90; 0 means never',
  }),
  BOOTSTRAP_ACCOUNT: Type.Optional(
    Type.String({
      pattern: UUID.source,
      description: 'Account (a UUID) of the first key, on a database without keys',
    }),
  ),
  BOOTSTRAP_KEY: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{16,200}$',
      description: 'The first key, key_id:secret, instead of a generated one that is printed',
    }),
  ),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'Port of the metrics for Prometheus, at /metrics; 0 picks a free one; default: no metrics',
    }),
  ),
  METRICS_HOST: Type.String({
    default: '127.0.0.1',
    description: 'Address of the metrics, which need no key; 0.0.0.0 in a container whose network is private',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description:
        'Collector of OpenTelemetry that gets traces by OTLP over HTTP, such as http://127.0.0.1:4318; default: no traces',
    }),
  ),
  CORS_ORIGINS: Type.String({
    default: '',
    description: 'Origins whose pages may call the API, separated by commas; default: none',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'Minimum level of log lines to write' },
  ),
});

export type Config = Omit<
  Static<typeof Settings>,
  'CONVERSATION_TIMEOUT' | 'RETENTION_DAYS' | 'CORS_ORIGINS' | 'TRUST_PROXY'
> & {
  /** Whether an address is one of the proxies. */
  TRUST_PROXY: (address: string) => boolean;
  CONVERSATION_TIMEOUT: Timeouts;
  RETENTION_DAYS: Retention;
  CORS_ORIGINS: string[];
};

/** An invalid setting, which prevents the start. The message names each faulty variable and what is allowed. */
export class ConfigError extends Error {}

/** Settings whose values are not shown: they are, or may hold, a secret. */
export const secretSettings = ['BOOTSTRAP_KEY', 'DATABASE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/** Reads the configuration from an environment. An empty variable counts as not set. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(
    Object.keys(Settings.properties).flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const settings = Value.Convert(Settings, Value.Default(Settings, set)) as Static<typeof Settings>;
  const faults = [...Value.Errors(Settings, settings)].map(({ path }) => {
    const name = path.slice(1);
    const secret = secretSettings.includes(name);
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
  const proxies = proxiesOf(settings.TRUST_PROXY);
  if (typeof proxies === 'string') {
    faults.push(
      `TRUST_PROXY=${settings.TRUST_PROXY} is not valid: ${proxies} is no address or network; write 127.0.0.1,10.0.0.0/8,fd00::/8`,
    );
  }
  const timeouts = parseTimeouts(settings.CONVERSATION_TIMEOUT);
  if (timeouts === null) {
    faults.push(
      `CONVERSATION_TIMEOUT=${settings.CONVERSATION_TIMEOUT} is not valid: a duration (90s, 30m, 24h, 7d or 0 for never), then CHANNEL=DURATION for exceptions, separated by commas: 24h,web=1h`,
    );
  }
  const retention = parseRetention(settings.RETENTION_DAYS);
  if (retention === null) {
    faults.push(
      `RETENTION_DAYS=${settings.RETENTION_DAYS} is not valid: a whole number of days up to 36500 (0 for never), then CHANNEL=DAYS for exceptions, separated by commas: 365,whatsapp=90`,
    );
  }
  if (settings.BOOTSTRAP_KEY !== undefined && settings.BOOTSTRAP_ACCOUNT === undefined) {
    faults.push('BOOTSTRAP_KEY needs BOOTSTRAP_ACCOUNT, the account (a UUID) of the key');
  }
  if (faults.length > 0) throw new ConfigError([...new Set(faults)].join('\n'));
  return {
    ...settings,
    CONVERSATION_TIMEOUT: timeouts as Timeouts,
    RETENTION_DAYS: retention as Retention,
    CORS_ORIGINS: origins,
    TRUST_PROXY: proxies as (address: string) => boolean,
  };
}

/** Whether an address is in a list of addresses and networks; or the first of the list that is none. */
function proxiesOf(list: string): ((address: string) => boolean) | string {
  const proxies = new BlockList();
  for (const one of list.split(',').map((part) => part.trim())) {
    if (one === '') continue;
    const [address = '', bits] = one.split('/');
    const [family, most] = isIPv6(address) ? (['ipv6', 128] as const) : (['ipv4', 32] as const);
    if (isIP(address) === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) return one;
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** The allowed values of a setting, unless its description names them. */
function allowed(schema: object): string {
  const { minimum, maximum, anyOf } = schema as { minimum?: number; maximum?: number; anyOf?: { const: string }[] };
  if (anyOf !== undefined) return `: ${anyOf.map((one) => one.const).join(', ')}`;
  return minimum === undefined ? '' : `; a whole number from ${minimum} to ${maximum}`;
}

/** An origin as browsers send it: scheme and host, nothing after it. */
const isOrigin = (text: string) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;

/** Name, default and description of each setting, for `--help` and the documentation. */
export const settings = Object.entries(Settings.properties).map(([name, { default: initial, description }]) => ({
  name,
  initial: initial === undefined ? '' : String(initial),
  description: description ?? '',
}));

/** How to call this program: by its name where it is installed, as in the container, otherwise by npx. */
export function commandName({ PATH = '', npm_execpath }: Record<string, string | undefined>): string {
  const name = 'conversation-reports';
  // npm adds folders to PATH that the operator's shell does not have.
  const isInstalled = npm_execpath === undefined && PATH.split(delimiter).some((dir) => existsSync(join(dir, name)));
  return isInstalled ? name : `npx ${name}`;
}
