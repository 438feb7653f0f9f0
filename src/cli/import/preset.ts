import { isZone } from '../../queries/time/zone.js';
import { conditionOf } from '../../sources/compile.js';
import { dressed } from '../../sources/dress.js';
import { presets } from '../../sources/presets/index.js';
import { type Configuration, ignored, type Source } from '../../sources/source.js';
import { isTimeFormat } from '../../sources/times.js';
import { UsageError } from './halt.js';
import { attributesOf, conditionIn, type MapOptions } from './options.js';

/** Throws a UsageError where options say of the times of a preset what it knows, or what is not valid. */
function checkTimes(name: string, preset: Source, { time_zone, time_format }: Configuration): void {
  const unused: string[] = [];
  if (time_zone !== undefined && !preset.takes?.includes('time_zone')) unused.push('--time-zone');
  if (time_format !== undefined && !preset.takes?.includes('time_format')) unused.push('--time-format');
  if (unused.length > 0) {
    throw new UsageError(`${unused.join(', ')}: not beside --preset ${name}, which knows how its times are written`);
  }
  if (time_zone !== undefined && !isZone(time_zone)) {
    throw new UsageError(`--time-zone ${time_zone}: must be a name of the tz database, such as Europe/Berlin`);
  }
  if (time_format !== undefined && !isTimeFormat(time_format)) {
    throw new UsageError(`--time-format ${time_format}: must be a pattern, such as DD/MM/YYYY`);
  }
}

/**
 * The source of a product by its name, with --prefix, --skip-if and, for attributes of its conversations, --set. Throws a
 * UsageError that names all presets for a name that is none.
 */
export function presetOf(name: string, { prefix, set = [], skipIf = [], timeZone, timeFormat }: MapOptions): Source {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined;
  const how = {
    ...(timeZone === undefined ? {} : { time_zone: timeZone }),
    ...(timeFormat === undefined ? {} : { time_format: timeFormat }),
  };
  if (found !== undefined && Object.keys(how).length > 0) checkTimes(name, found, how);
  const preset = found?.configured?.(how) ?? found;
  if (preset === undefined) {
    const names = Object.keys(presets);
    throw new UsageError(
      `--preset ${name}: ${names.length === 0 ? 'there are no presets' : `must be one of ${names.join(', ')}`}`,
    );
  }
  const skips = skipIf.map((text) => conditionOf(conditionIn(text)));
  const named = dressed(preset, prefix ?? '', attributesOf(set));
  if (skips.length === 0) return named;
  const map = (record: unknown) =>
    skips.some((skip) => skip(record, record)) ? ignored('left out by --skip-if') : named.map(record);
  return { ...named, map };
}
