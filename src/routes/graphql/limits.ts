import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  Lexer,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';

/**
 * Limits of one request, so that no query can overload the service. Introspection by common clients needs a third of
 * them.
 */
export const limits = {
  /** Characters of a document; long lists belong in variables. */
  characters: 20_000,
  /** Lexical tokens of a document. */
  tokens: 2_000,
  /** Nesting of fields. */
  depth: 20,
  /** Fields of an operation; those of a fragment count at every use. */
  fields: 1_000,
  /** Aliased fields of an operation. */
  aliases: 50,
  /** Top-level fields of an operation: each runs a statement in the database. */
  functions: 20,
  /** Approximate bytes of the answer: enough for 10,000 rows with all columns. */
  bytes: 32 * 1024 ** 2,
};

export const exceeded = (what: keyof typeof limits, says: string): GraphQLError =>
  new GraphQLError(`${says}; the maximum is ${limits[what].toLocaleString('en')}`, {
    extensions: { code: 'limit-exceeded' },
  });

/**
 * Throws GraphQLError for a text that is too long to parse, or that contains a character that GraphQL does not allow.
 */
export function checkLength(text: string): void {
  if (text.length > limits.characters) throw exceeded('characters', `the document has ${text.length} characters`);
  const lexer = new Lexer(new Source(text));
  for (let count = 0; count <= limits.tokens; count++) if (lexer.advance().kind === TokenKind.EOF) return;
  throw exceeded('tokens', 'the document has too many tokens');
}

/** The size of an operation. */
interface Size {
  depth: number;
  fields: number;
  aliases: number;
  /** Top-level fields. */
  top: number;
}

/**
 * The limits that a document exceeds. The document need not be valid: missing and cyclic fragments count as empty, and
 * validation refuses them.
 */
export function overLimits(document: DocumentNode): GraphQLError[] {
  const measure = measurer(document);
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const { depth, fields, aliases, top } = measure(definition.selectionSet);
    return [
      ...(depth > limits.depth ? [exceeded('depth', `the query is ${depth} levels deep`)] : []),
      ...(top > limits.functions ? [exceeded('functions', `the query calls ${top} functions`)] : []),
      ...(aliases > limits.aliases ? [exceeded('aliases', `the query has ${aliases} aliases`)] : []),
      ...(fields > limits.fields ? [exceeded('fields', `the query has ${fields} fields`)] : []),
    ];
  });
}

function measurer(document: DocumentNode): (set: SelectionSetNode) => Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<SelectionSetNode, Size>();
  return measure;

  /** Each selection set is measured once, so nested fragments are cheap. */
  function measure(set: SelectionSetNode): Size {
    const known = measured.get(set);
    if (known !== undefined) return known;
    const size = { depth: 0, fields: 0, aliases: 0, top: 0 };
    measured.set(set, size); // for a cycle: it adds nothing
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const below = selection.selectionSet === undefined ? nothing : measure(selection.selectionSet);
        add(size, { ...below, depth: below.depth + 1, fields: below.fields + 1, top: 1 });
        if (selection.alias !== undefined) size.aliases++;
        continue;
      }
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (inner !== undefined) add(size, measure(inner.selectionSet));
    }
    return size;
  }
}

const nothing: Size = { depth: 0, fields: 0, aliases: 0, top: 0 };

function add(size: Size, more: Size): void {
  size.depth = Math.max(size.depth, more.depth);
  size.fields += more.fields;
  size.aliases += more.aliases;
  size.top += more.top;
}
