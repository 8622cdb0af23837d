import { GraphQLError, GraphQLScalarType, Kind, TokenKind, type ValueNode } from 'graphql';
import { GraphQLDate, GraphQLDateTimeISO, GraphQLJSON } from 'graphql-scalars';
import { ValidationFailed } from '../../server/errors.ts';
import { momentText } from '../../server/sql/moment-text.ts';
import { builder } from './builder.ts';

const DAY = 'Enter an existing date in the form 2026-12-31.';
const MOMENT = 'Enter an existing time in the form 2026-12-31T18:00:00Z.';

/** Replaces the scalar's parse errors by one message, since GraphQL only passes on its own errors. */
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

function nameBefore({ loc }: ValueNode): { field?: string } {
  const colon = loc?.startToken.prev;
  const name = colon?.kind === TokenKind.COLON ? colon.prev?.value : undefined;
  return name === undefined ? {} : { field: name };
}

builder.addScalarType('Date', refusingBy(DAY, GraphQLDate), {
  description: 'Calendar date without time zone, such as `2026-12-31`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

const GraphQLDateTime = new GraphQLScalarType<Date, string | Date>({
  ...GraphQLDateTimeISO.toConfig(),
  coerceOutputValue: (value) =>
    value instanceof Date ? momentText(value.getTime()) : GraphQLDateTimeISO.coerceOutputValue(value),
});

builder.addScalarType('DateTime', refusingBy(MOMENT, GraphQLDateTime), {
  description: 'Time in UTC, such as `2026-12-31T23:59:59.000Z` (RFC 3339).',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

builder.addScalarType('JSON', GraphQLJSON, {
  description: 'Any JSON value.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
});
