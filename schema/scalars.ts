import { GraphQLDate, GraphQLDateTimeISO, GraphQLJSON } from 'graphql-scalars';
import { builder } from './builder.ts';

builder.addScalarType('Date', GraphQLDate, {
  description: 'A day of the calendar, like `2026-12-31`, without a timezone.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

builder.addScalarType('DateTime', GraphQLDateTimeISO, {
  description: 'A moment in UTC, like `2026-12-31T23:59:59.000Z` (RFC 3339).',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
});

builder.addScalarType('JSON', GraphQLJSON, {
  description: 'Any value that JSON can hold.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
});
