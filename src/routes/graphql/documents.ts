import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { pathTo } from '../../queries/ingest/path.js';
import { RequestErrors } from './errors.js';
import { checkLength, overLimits } from './limits.js';

/** One operation of a document that may be run, compiled. */
export interface Operation {
  definition: OperationDefinitionNode;
  run: CompiledQuery['query'];
}

/** Documents that are kept, each for one name of an operation; beyond that the one used longest ago is dropped. */
const KEPT = 200;

/**
 * Reads documents against a schema: parsed, within the limits, valid, and the operation that is meant compiled. What was
 * read is kept. Throws `RequestErrors`.
 */
export function documents(schema: GraphQLSchema): (source: string, name: string | null) => Operation {
  const kept = new Map<string, Operation>();
  return (source, name) => {
    const key = `${JSON.stringify(name)} ${source}`;
    const operation = kept.get(key) ?? read(schema, source, name);
    kept.delete(key);
    kept.set(key, operation);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
    return operation;
  };
}

/** Faults of a request that are told. */
const MAX_NAMED = 20;

function read(schema: GraphQLSchema, source: string, name: string | null): Operation {
  const document = parsed(source);
  const over = overLimits(document);
  if (over.length > 0) throw new RequestErrors(over, document);
  const faults = validate(schema, document, undefined, { maxErrors: MAX_NAMED });
  if (faults.length > 0) throw new RequestErrors(faults, document);
  const definition = chosen(document, name);
  const compiled = compileQuery(schema, document, definition.name?.value);
  if (!isCompiledQuery(compiled)) throw new RequestErrors(compiled.errors ?? [], document);
  return { definition, run: compiled.query };
}

function parsed(source: string): DocumentNode {
  try {
    checkLength(source);
    return parse(source);
  } catch (error) {
    if (error instanceof GraphQLError) throw new RequestErrors([withCode(error, 'parse-failed', '$.query')]);
    throw error;
  }
}

function chosen(document: DocumentNode, name: string | null): OperationDefinitionNode {
  const all = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const definition = name === null ? all[0] : all.find((one) => one.name?.value === name);
  if (definition === undefined) {
    throw refused(
      name === null ? 'the document has no operation' : `the document has no operation ${name}`,
      'not-exists',
    );
  }
  if (name === null && all.length > 1) {
    throw refused('the document has several operations: operationName must say which', 'validation-failed');
  }
  if (definition.operation !== 'query') throw refused('only queries are answered here', 'validation-failed');
  return definition;
}

const refused = (message: string, code: string) =>
  new RequestErrors([new GraphQLError(message, { extensions: { code, path: '$.operationName' } })]);

function withCode(error: GraphQLError, code: string, path: string): GraphQLError {
  return new GraphQLError(error.message, {
    source: error.source,
    positions: error.positions,
    extensions: { path, code, ...error.extensions },
  });
}

/**
 * Checks the variables of an operation: a value that does not fit its type is refused, and so is one that the operation
 * does not declare, since a misspelt filter would filter nothing.
 */
export function checkVariables(schema: GraphQLSchema, operation: Operation, variables: Record<string, unknown>): void {
  const declared = operation.definition.variableDefinitions ?? [];
  const names = new Set(declared.map(({ variable }) => variable.name.value));
  const strange = Object.keys(variables).filter((name) => !names.has(name));
  if (strange.length > 0) {
    throw new RequestErrors(
      strange.slice(0, MAX_NAMED).map(
        (name) =>
          new GraphQLError(`the operation declares no variable $${name.slice(0, 64)}`, {
            extensions: { path: pathTo('$.variables', name), code: 'validation-failed' },
          }),
      ),
    );
  }
  const { errors } = getVariableValues(schema, declared, variables, { maxErrors: MAX_NAMED });
  if (errors !== undefined) throw new RequestErrors(errors);
}
