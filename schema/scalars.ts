import { GraphQLScalarType } from 'graphql';
import { GraphQLDate, GraphQLDateTimeISO, GraphQLJSON } from 'graphql-scalars';
import { momentText } from '../server/sql/moment-text.ts';
import { builder } from './builder.ts';

builder.addScalarType('Date', GraphQLDate, {
  description: 'A day of the calendar, like `2026-12-31`, without a timezone.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

const GraphQLDateTime = new GraphQLScalarType<Date, string | Date>({
  ...GraphQLDateTimeISO.toConfig(),
  coerceOutputValue: (value) =>
    value instanceof Date ? momentText(value.getTime()) : GraphQLDateTimeISO.coerceOutputValue(value),
});

builder.addScalarType('DateTime', GraphQLDateTime, {
  description: 'A moment in UTC, like `2026-12-31T23:59:59.000Z` (RFC 3339).',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

builder.addScalarType('JSON', GraphQLJSON, {
  description: 'Any value that JSON can hold.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
});
