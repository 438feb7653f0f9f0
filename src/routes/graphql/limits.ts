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

/** What one request may ask, so that no query is a weapon. The introspection of stock clients uses a third of it. */
export const limits = {
  /** Characters of a document; long lists belong into its variables. */
  characters: 20_000,
  /** Names, numbers and signs of a document. */
  tokens: 2_000,
  /** Levels of fields within fields. */
  depth: 20,
  /** Fields of an operation, those of a fragment counted where it is used. */
  fields: 1_000,
  /** Fields of an operation that another name is given. */
  aliases: 50,
  /** Fields at the top of an operation: each is a statement of the database. */
  functions: 20,
  /** Bytes of the answer, roughly: 10,000 rows of all columns pass. */
  bytes: 32 * 1024 ** 2,
};

export const exceeded = (what: keyof typeof limits, says: string): GraphQLError =>
  new GraphQLError(`${says}; the most are ${limits[what].toLocaleString('en')}`, {
    extensions: { code: 'limit-exceeded' },
  });

/** Throws GraphQLError for a text that is too long to be parsed at all, or has a sign that the language does not have. */
export function checkLength(text: string): void {
  if (text.length > limits.characters) throw exceeded('characters', `the document has ${text.length} characters`);
  const lexer = new Lexer(new Source(text));
  for (let count = 0; count <= limits.tokens; count++) if (lexer.advance().kind === TokenKind.EOF) return;
  throw exceeded('tokens', 'the document has too many names and signs');
}

/** What an operation's selections come to. */
interface Size {
  depth: number;
  fields: number;
  aliases: number;
  /** Fields at its top. */
  top: number;
}

/**
 * The limits that a document goes over. It need not be valid: fragments that are missing or in a circle count nothing, and
 * are refused by validation.
 */
export function overLimits(document: DocumentNode): GraphQLError[] {
  const measure = measurer(document);
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return [];
    const { depth, fields, aliases, top } = measure(definition.selectionSet);
    return [
      ...(depth > limits.depth ? [exceeded('depth', `the query is ${depth} levels deep`)] : []),
      ...(top > limits.functions ? [exceeded('functions', `the query asks ${top} functions`)] : []),
      ...(aliases > limits.aliases ? [exceeded('aliases', `the query has ${aliases} aliases`)] : []),
      ...(fields > limits.fields ? [exceeded('fields', `the query asks ${fields} fields`)] : []),
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

  /** Each selection set is measured once, so fragments within fragments cost nothing more. */
  function measure(set: SelectionSetNode): Size {
    const known = measured.get(set);
    if (known !== undefined) return known;
    const size = { depth: 0, fields: 0, aliases: 0, top: 0 };
    measured.set(set, size); // for a circle: it adds nothing
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
