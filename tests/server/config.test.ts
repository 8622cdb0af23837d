import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../server/config.ts';

describe('ADMIN_EMAILS', () => {
  test.each([
    [undefined, []],
    ['', []],
    ['ada@example.com', ['ada@example.com']],
    [' Ada@Example.com , bob@example.com,', ['ada@example.com', 'bob@example.com']],
  ])('%j names %j', (given, administrators) => {
    expect(readConfig({ ADMIN_EMAILS: given }).adminEmails).toEqual(administrators);
  });

  test('with something that is no address stops the start, and is named', () => {
    expect(() => readConfig({ ADMIN_EMAILS: 'ada@example.com;bob' })).toThrow(
      new ConfigError(
        'These settings need a change:\n  ADMIN_EMAILS: must be email addresses with commas between them',
      ),
    );
  });
});
