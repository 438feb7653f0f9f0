import { closest, distance } from 'fastest-levenshtein';
import type { FastifyRequest } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import { type Fault, InvalidRequest } from '../errors.js';

/** Maximum number of characters of an unknown name that are repeated in the error and compared with the known names. */
const LONGEST_NAME = 64;

/** The message for an unknown parameter; a near miss gets the right name as a suggestion. */
export function unknownParameter(name: string, allowed: string[]): string {
  if (allowed.length === 0) return 'is not a parameter: this operation has none';
  const meant = name.length > LONGEST_NAME ? undefined : closest(name, allowed);
  const isNear = meant !== undefined && distance(name, meant) <= Math.max(1, Math.floor(meant.length / 3));
  return `is not a parameter here${isNear ? `; did you mean ${meant}?` : '.'} The parameters are ${allowed.join(', ')}`;
}

/** Maximum number of faults reported for one request. */
const MOST = 100;

/**
 * Collects the faults of one request so that they are reported together, up to {@link MOST}: schema faults first, then
 * those found by parsing. A part that already has a fault is not parsed.
 */
export class Faults {
  readonly #faults: Fault[] = [];

  readonly #allowed: string[];

  /** Without a request it holds only faults found by parsing. */
  constructor(request?: Pick<FastifyRequest, 'validationError' | 'routeOptions'>) {
    const { querystring } = (request?.routeOptions.schema ?? {}) as { querystring?: { properties?: object } };
    this.#allowed = Object.keys(querystring?.properties ?? {});
    for (const fault of request?.validationError?.validation ?? []) this.#addSchemaFault(fault);
  }

  add(path: string, message: string): void {
    if (this.#faults.length < MOST && !this.has(path)) this.#faults.push({ path, message });
  }

  has(path: string): boolean {
    return this.#faults.some((fault) => fault.path === path);
  }

  /** Whether there is a fault at this path or below it. */
  hasWithin(path: string): boolean {
    return this.#faults.some((fault) => fault.path.startsWith(path));
  }

  /** Throws `InvalidRequest` if there is any fault. */
  check(): void {
    if (this.#faults.length > 0) throw this.refusal();
  }

  refusal(): InvalidRequest {
    return new InvalidRequest(this.#faults);
  }

  #addSchemaFault({ keyword, instancePath, params, message }: FastifySchemaValidationError): void {
    if (this.#faults.length >= MOST) return;
    const path = instancePath.slice(1).split('/')[0] ?? '';
    if (keyword === 'required') this.add(String(params.missingProperty), 'is needed');
    else if (keyword === 'additionalProperties') this.#addUnknown(String(params.additionalProperty));
    else if (keyword === 'type' && params.type === 'string') this.add(path, 'takes a single value: give it once');
    else if (keyword === 'enum') this.add(path, `must be one of ${(params.allowedValues as string[]).join(', ')}`);
    else this.add(path, message ?? 'is not valid');
  }

  #addUnknown(name: string): void {
    const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}...` : name;
    this.add(short, unknownParameter(name, this.#allowed));
  }
}
