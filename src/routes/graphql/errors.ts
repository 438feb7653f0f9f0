import { type ASTNode, BREAK, type DocumentNode, type GraphQLError, Kind, visit } from 'graphql';
import { Refusal } from '../../errors.js';
import { withoutSecrets } from '../../http/problem.js';

/** Errors of a request that was not executed. `document` is the document of their nodes. */
export class RequestErrors extends Error {
  readonly errors: readonly GraphQLError[];
  readonly document: DocumentNode | null;
  constructor(errors: readonly GraphQLError[], document: DocumentNode | null = null) {
    super(errors.map(({ message }) => message).join('; '));
    this.errors = errors;
    this.document = document;
  }
}

/**
 * An error in the format of the dialect. `path` is a JSONPath into the query, as Hasura writes it, or into the body.
 */
export interface Answered {
  message: string;
  extensions: { path: string; code: string };
  locations?: GraphQLError['locations'];
}

/** Converts the errors of a request that was not executed. */
export const answerRequestErrors = ({ errors, document }: RequestErrors): Answered[] =>
  errors.map((error) => {
    const { code = 'validation-failed', path = pathOf(error, document) } = error.extensions;
    return {
      message: withoutSecrets(error.message),
      extensions: { path: withoutSecrets(path as string), code: code as string },
      ...(error.locations === undefined ? {} : { locations: error.locations }),
    };
  });

/** Converts a thrown error, one entry per fault. Null for an internal error, which must be logged. */
export function answerThrown(error: unknown, field: string): Answered[] | null {
  if (!(error instanceof Refusal)) return null;
  const { faults, code, message } = error;
  if (faults.length === 0) return [{ message: withoutSecrets(message), extensions: { path: field, code } }];
  return faults.map(({ path, message }) => ({
    message: withoutSecrets(`${path.split('.').at(-1)} ${message}`),
    extensions: { path: withoutSecrets(`${field}.${path}`), code },
  }));
}

/** Converts the errors of fields of an executed query; `report` is called for internal errors. */
export const answerFieldErrors = (errors: readonly GraphQLError[], report: (error: unknown) => void): Answered[] =>
  errors.flatMap((error) => {
    const field = `$${(error.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.selectionSet.${key}`)).join('')}`;
    const thrown = error.originalError ?? error;
    const answered = answerThrown(thrown, field);
    if (answered !== null) return answered;
    report(thrown);
    return [unexpected(field)];
  });

/** An internal error: the details are in the log. */
const unexpected = (path: string): Answered => ({
  message: 'internal error; the log of the service has it under the id of this request',
  extensions: { path, code: 'unexpected' },
});

/** The path of an error: a variable, or the position of its first node in the document. */
function pathOf({ nodes }: GraphQLError, document: DocumentNode | null): string {
  const node = nodes?.[0];
  if (node === undefined) return '$';
  if (node.kind === Kind.VARIABLE_DEFINITION) return `$.variables.${node.variable.name.value}`;
  return document === null ? '$' : placeOf(node, document);
}

function placeOf(target: ASTNode, document: DocumentNode): string {
  let place = '$';
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (node !== target) return undefined;
      const above = [...ancestors, parent].filter((one) => one !== undefined && !Array.isArray(one)); // not the lists
      place = `$${[...above, node].map((one) => stepOf(one as ASTNode)).join('')}`;
      return BREAK;
    },
  });
  return place;
}

function stepOf(node: ASTNode): string {
  switch (node.kind) {
    case Kind.FIELD:
      return `.selectionSet.${(node.alias ?? node.name).value}`;
    case Kind.FRAGMENT_DEFINITION:
      return `.fragments.${node.name.value}`;
    case Kind.ARGUMENT:
      return `.args.${node.name.value}`;
    case Kind.OBJECT_FIELD:
      return `.${node.name.value}`;
    case Kind.VARIABLE_DEFINITION:
      return `.variables.${node.variable.name.value}`;
    default:
      return '';
  }
}
