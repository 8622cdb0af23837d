import { fromString, toUUID, typeid } from 'typeid-js';
import { ValidationFailed } from './errors.ts';

const prefixes = {
  User: 'user',
  ApiToken: 'token',
  ConnectedApplication: 'application',
  Session: 'session',
  Team: 'team',
  Membership: 'member',
  TeamInvitation: 'invitation',
  Task: 'task',
  TaskShare: 'share',
  ShareOffer: 'offer',
  Block: 'block',
  Comment: 'comment',
  Conversation: 'conversation',
  Message: 'message',
  View: 'view',
  CustomDashboard: 'dashboard',
  Webhook: 'webhook',
  WebhookDelivery: 'delivery',
  Approval: 'approval',
  AgentRun: 'run',
} as const;

export type IdType = keyof typeof prefixes;

export function isIdType(type: string): type is IdType {
  return Object.hasOwn(prefixes, type);
}

const EXAMPLE = '0193c5a0-1f00-7c3e-9a52-6d1f0b7e4a10';
const LONGEST_QUOTED = 40;

const typeOf = new Map<string, IdType>(
  Object.entries(prefixes).map(([type, prefix]) => [prefix, type as IdType]),
);

/** A UUIDv7 (RFC 9562), which sorts by time. */
export function newId(): string {
  return typeid().toUUID();
}

const DIGITS = Array.from('0123456789abcdefghjkmnpqrstvwxyz', (digit) => digit.charCodeAt(0));
const AT = Array.from(EXAMPLE).flatMap((digit, at) => (digit === '-' ? [] : at));
const WORTH = new Uint8Array(128);
for (const [worth, digit] of Array.from('0123456789abcdef').entries()) {
  WORTH[digit.charCodeAt(0)] = worth;
  WORTH[digit.toUpperCase().charCodeAt(0)] = worth;
}
const written: number[] = new Array<number>(26).fill(0);

/** A TypeID: the type's prefix and the UUID in base 32, about thirty times faster than the library. */
export function publicId(type: IdType, uuid: string): string {
  const worth = (n: number) => WORTH[uuid.charCodeAt(AT[n] ?? 0)] ?? 0;
  const put = (at: number, bits: number) => (written[at] = DIGITS[bits & 31] ?? 0);
  // The 26 digits have 130 bits, two more than a UUID: two hexadecimal digits make two, then five make four.
  const first = (worth(0) << 4) | worth(1);
  put(0, first >> 5);
  put(1, first);
  for (let from = 2, to = 2; from < AT.length; from += 5, to += 4) {
    const bits =
      (worth(from) << 16) |
      (worth(from + 1) << 12) |
      (worth(from + 2) << 8) |
      (worth(from + 3) << 4) |
      worth(from + 4);
    put(to, bits >> 15);
    put(to + 1, bits >> 10);
    put(to + 2, bits >> 5);
    put(to + 3, bits);
  }
  return `${prefixes[type]}_${String.fromCharCode.apply(null, written)}`;
}

/** @throws ValidationFailed for an invalid id. */
export function parseId(id: string): { type: IdType; uuid: string } {
  const type = typeOf.get(id.slice(0, id.lastIndexOf('_')));
  if (!type) throw new ValidationFailed(`"${clipped(id)}" is not a valid id.`);
  return { type, uuid: uuidOf(type, id) };
}

/** @throws ValidationFailed with `field`, if the text is not an id of the type. */
export function uuidOf(type: IdType, id: string, field = 'id'): string {
  const uuid = decoded(type, id);
  if (uuid) return uuid;
  throw new ValidationFailed(
    `"${clipped(id)}" is not the id of ${type.startsWith('A') ? 'an' : 'a'} ${wordsOf(type)}. Use an id such as ${publicId(type, EXAMPLE)}.`,
    { field },
  );
}

/** Only the canonical spelling is accepted. */
function decoded(type: IdType, id: string): string | null {
  try {
    const uuid = toUUID(fromString(id, prefixes[type]));
    return publicId(type, uuid) === id ? uuid : null;
  } catch {
    return null;
  }
}

function wordsOf(type: IdType): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function clipped(id: string): string {
  return id.length > LONGEST_QUOTED ? `${id.slice(0, LONGEST_QUOTED)}…` : id;
}

export function isVersion7(uuid: string): boolean {
  return uuid[14] === '7';
}
