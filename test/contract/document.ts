/** The parts of an OpenAPI 3.1 document that the tests look at. */
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

export interface Operation {
  operationId: string;
  security?: object[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, Response>;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  style?: string;
  explode?: boolean;
  schema: Schema;
  example?: unknown;
}

export interface Response {
  headers?: Record<string, { schema: Schema }>;
  content?: Content;
}

export type Content = Record<string, Media>;

export interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

/** A JSON schema; `true` and `false` are schemas too, but none that this project writes where it matters. */
export interface Schema {
  [keyword: string]: unknown;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
}

export const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;

export interface Place {
  method: string;
  path: string;
  operation: Operation;
}

/** Every operation of a document, its references resolved. */
export const operationsOf = (document: Document): Place[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method, path, operation: inline(document, operation) }];
    }),
  );

/**
 * A part of a document with each reference replaced by what it refers to. One that leads into itself stays a reference, of
 * whatever name the innermost schema has that it repeats.
 */
export function inline<Part>(document: Document, part: Part, within: string[] = []): Part {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map((item) => inline(document, item, within)) as Part;
  const { $ref, ...rest } = part as { $ref?: unknown };
  if (typeof $ref !== 'string') {
    return Object.fromEntries(
      Object.entries(part).map(([key, value]) => [key, inline(document, value, within)]),
    ) as Part;
  }
  if (within.includes($ref)) return { $ref } as Part;
  const target = inline(document, pointed(document, $ref), [...within, $ref]) as object;
  return { ...target, ...(inline(document, rest, within) as object) } as Part;
}

function pointed(document: Document, $ref: string): unknown {
  let at: unknown = document;
  for (const key of $ref.replace(/^#\//, '').split('/')) {
    at = (at as Record<string, unknown> | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  if (at === undefined) throw new Error(`${$ref} leads nowhere`);
  return at;
}
