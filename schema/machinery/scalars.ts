import { GraphQLError, GraphQLScalarType, Kind, TokenKind, type ValueNode } from 'graphql';
import { GraphQLDate, GraphQLDateTimeISO, GraphQLJSON } from 'graphql-scalars';
import { ValidationFailed } from '../../server/errors.ts';
import { momentText } from '../../server/sql/moment-text.ts';
import { builder } from './builder.ts';

const DAY = 'A date must exist, in the form 2026-12-31.';
const MOMENT = 'A time must exist, in the form 2026-12-31T18:00:00Z.';

/** The same scalar with one plain sentence for every value that it cannot read. GraphQL passes on only its own errors. */
function refusingBy<Input, Output>(sentence: string, scalar: GraphQLScalarType<Input, Output>) {
  const { name, extensions, coerceOutputValue } = scalar;
  const read = (value: unknown) => {
    try {
      return scalar.coerceInputValue(value);
    } catch {
      return undefined;
    }
  };
  return new GraphQLScalarType<Input, Output>({
    name,
    extensions,
    coerceOutputValue,
    coerceInputValue(value) {
      const known = read(value);
      if (known !== undefined) return known;
      throw new GraphQLError(sentence, { originalError: new ValidationFailed(sentence) });
    },
    coerceInputLiteral(node) {
      const known = node.kind === Kind.STRING ? read(node.value) : undefined;
      if (known !== undefined) return known;
      throw new GraphQLError(sentence, { nodes: node, extensions: nameBefore(node) });
    },
  });
}

/** The field or argument that a literal is the value of. */
function nameBefore({ loc }: ValueNode): { field?: string } {
  const colon = loc?.startToken.prev;
  const name = colon?.kind === TokenKind.COLON ? colon.prev?.value : undefined;
  return name === undefined ? {} : { field: name };
}

builder.addScalarType('Date', refusingBy(DAY, GraphQLDate), {
  description: 'A day of the calendar, like `2026-12-31`, without a timezone.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

const GraphQLDateTime = new GraphQLScalarType<Date, string | Date>({
  ...GraphQLDateTimeISO.toConfig(),
  coerceOutputValue: (value) =>
    value instanceof Date ? momentText(value.getTime()) : GraphQLDateTimeISO.coerceOutputValue(value),
});

builder.addScalarType('DateTime', refusingBy(MOMENT, GraphQLDateTime), {
  description: 'A moment in UTC, like `2026-12-31T23:59:59.000Z` (RFC 3339).',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

builder.addScalarType('JSON', GraphQLJSON, {
  description: 'Any value that JSON can hold.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
});
