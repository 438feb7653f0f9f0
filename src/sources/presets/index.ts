import type { Source } from '../source.js';

/** The products whose data become events without a mapping, by the name that `--preset` and sources take. */
export const presets: Record<string, Source> = {};
