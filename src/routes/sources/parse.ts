import { stringify } from 'lossless-json';
import type { Reading } from '../../auth/sources.js';
import type { Faults } from '../../http/faults.js';
import { readObject } from '../../http/json.js';
import { attributes } from '../../queries/ingest/fields.js';
import { isObject } from '../../queries/ingest/json.js';
import { pathTo } from '../../queries/ingest/path.js';
import { isStorable } from '../../queries/text.js';
import { parseMapping } from '../../sources/mapping.js';
import { presets } from '../../sources/presets/index.js';
import { signers } from './signature.js';

/** The presets that webhooks can have: those that read JSON. */
const hookable = Object.keys(presets)
  .filter((name) => presets[name]?.lines === undefined)
  .sort();

/** Parses the body of `PUT /v1/sources/{source}`. The result must not be used if a fault was found. */
export function parseSource(body: unknown, faults: Faults): Reading & { secret: string | null } {
  const fields = readObject(body, '$', ['preset', 'mapping', 'prefix', 'set', 'signature'], faults) ?? {};
  faults.check();
  const { preset, mapping, prefix = '', set = {}, signature } = fields;
  if ((preset === undefined) === (mapping === undefined)) {
    faults.add('$', 'must have either preset, the name of a product, or mapping, how its records become events');
  } else if (preset !== undefined && !(typeof preset === 'string' && Object.hasOwn(presets, preset))) {
    faults.add('$.preset', `must be one of ${hookable.join(', ')}`);
  } else if (preset !== undefined && presets[preset as string]?.lines !== undefined) {
    faults.add('$.preset', `${preset} reads files of text, which no webhook sends`);
  } else if (mapping !== undefined) checkMapping(mapping, faults);
  if (typeof prefix !== 'string' || prefix.length > 50 || !isStorable(prefix)) {
    faults.add('$.prefix', 'must be a text of up to 50 characters');
  }
  checkSet(set, faults);
  const { by, secret } = readSignature(signature, faults);
  return {
    preset: (preset as string | undefined) ?? null,
    mapping: mapping === undefined ? null : (stringify(mapping) as string),
    prefix: prefix as string,
    attributes: stringify(set) as string,
    signed_by: by,
    secret,
  };
}

function checkMapping(mapping: unknown, faults: Faults): void {
  if (!isStorable(stringify(mapping) ?? '') || !isDeepStorable(mapping)) {
    faults.add('$.mapping', 'has a text with U+0000 or a lone surrogate');
    return;
  }
  const parsed = parseMapping(mapping);
  if (!('faults' in parsed)) return;
  for (const { path, message } of parsed.faults) {
    const place = path.reduce<string>(
      (at, key) => (typeof key === 'number' ? `${at}[${key}]` : pathTo(at, key)),
      '$.mapping',
    );
    faults.add(place, message);
  }
}

/** Whether PostgreSQL can store every text in a value. */
function isDeepStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (Array.isArray(value)) return value.every(isDeepStorable);
  return !isObject(value) || Object.entries(value).every(([key, item]) => isStorable(key) && isDeepStorable(item));
}

function checkSet(set: unknown, faults: Faults): void {
  const said = readObject(set, '$.set', Object.keys(attributes), faults) ?? {};
  for (const [name, value] of Object.entries(said)) {
    const kind = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (kind !== undefined && !kind.accepts(value)) faults.add(pathTo('$.set', name), `must be ${kind.says}`);
  }
}

function readSignature(signature: unknown, faults: Faults): { by: string | null; secret: string | null } {
  const none = { by: null, secret: null };
  if (signature === undefined) return none;
  const said = readObject(signature, '$.signature', ['by', 'secret'], faults);
  if (said === null) return none;
  const { by, secret } = said;
  if (typeof by !== 'string' || !signers.includes(by))
    faults.add('$.signature.by', `must be one of ${signers.join(', ')}`);
  if (typeof secret !== 'string' || secret === '' || secret.length > 500 || !isStorable(secret)) {
    faults.add('$.signature.secret', 'must be a text of 1 to 500 characters');
  }
  return { by: by as string, secret: secret as string };
}
