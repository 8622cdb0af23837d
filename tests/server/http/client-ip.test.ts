import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { clientIp } from '../../../server/http/client-ip.ts';

function from(remoteAddress: string | undefined, forwarded?: string | string[], proxies = 1) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return clientIp({ headers, socket: { remoteAddress } } as unknown as IncomingMessage, proxies);
}

describe('the client IP for limits', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['[::ffff:cb00:7107]:443', '203.0.113.7'],
    ['"[2001:db8:1:2:3::9]:4711"', '2001:db8:1:2::'],
    ['[2001:db8:1:2:3::9]', '2001:db8:1:2::'],
    ['2001:0DB8:1:2::1', '2001:db8:1:2::'],
    ['fe80::1%eth0', 'fe80:0:0:0::'],
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ])('of %s is %s, so that no spelling has a budget of its own (L3)', (given, address) => {
    expect(from('10.0.0.1', given)).toBe(address);
  });

  test.each([undefined, '', ' '])('is the proxy’s if it passes on none: %j (L3)', (given) => {
    expect(from('10.0.0.1', given)).toBe('10.0.0.1');
    expect(from('127.0.0.1', given), 'a proxy on this machine').toBe('127.0.0.1');
  });

  test('is the same for all that cannot be parsed, and for loopback behind a proxy (L3)', () => {
    for (const given of ['unknown', '_hidden', '1.2.3', "1'; DROP TABLE", 'x'.repeat(10_000)])
      expect(from('10.0.0.1', given)).toBe('unknown');
    expect(from(undefined)).toBe('unknown');
    expect(from('10.0.0.1', '127.0.0.1')).toBe('127.0.0.1');
  });

  test('is undefined for a program on this machine without a trusted proxy, whatever it sends', () => {
    expect(from('127.0.0.1', '203.0.113.7', 0)).toBeUndefined();
    expect(from('::1', undefined, 0)).toBeUndefined();
    expect(from('::ffff:127.0.0.1', undefined, 0)).toBeUndefined();
    expect(from('203.0.113.8', '203.0.113.7', 0)).toBe('203.0.113.8');
  });
});
