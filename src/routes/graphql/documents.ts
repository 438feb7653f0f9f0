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

/** A compiled operation of a valid document. */
export interface Operation {
  definition: OperationDefinitionNode;
  run: CompiledQuery['query'];
}

/** Size of the cache, in documents and operation names; the least recently used entry is dropped. */
const KEPT = 200;

/**
 * Parses a document, checks its limits, validates it against the schema and compiles the selected operation. Results
 * are cached. Throws `RequestErrors`.
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

/** Maximum number of faults reported for a request. */
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
    throw refused('the document has several operations: select one with operationName', 'validation-failed');
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
 * Checks the variables of an operation. It refuses values that do not fit their type, and variables that the operation
 * does not declare, because a misspelt filter would not filter.
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
