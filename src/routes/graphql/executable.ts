import { buildSchema, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import type { Definition } from './definition.js';
import { resolver } from './resolve.js';
import { scalars } from './scalars.js';
import { schemaOf } from './schema.js';

/** The executable schema of the given functions, with its scalars and resolvers. */
export function executableSchema(functions: Record<string, Definition>): GraphQLSchema {
  const schema = buildSchema(schemaOf(functions, Object.keys(scalars)));
  for (const [name, { parseValue, parseLiteral, serialize }] of Object.entries(scalars)) {
    Object.assign(schema.getType(name) as object, { parseValue, parseLiteral, serialize });
  }
  const fields = (schema.getQueryType() as GraphQLObjectType).getFields();
  for (const [name, definition] of Object.entries(functions)) {
    Object.assign(fields[name] as object, { resolve: resolver(definition) });
  }
  return schema;
}
