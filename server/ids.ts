import { fromString, toUUID, typeid } from 'typeid-js';
import { ValidationFailed } from './errors.ts';

/** The prefix of each type's ids, as in `task_01jd…`. */
const prefixes = {
  User: 'user',
  ApiToken: 'token',
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
} as const;

export type IdType = keyof typeof prefixes;

/** Whether rows of a type have ids of this kind. */
export function isIdType(type: string): type is IdType {
  return Object.hasOwn(prefixes, type);
}

const EXAMPLE = '0193c5a0-1f00-7c3e-9a52-6d1f0b7e4a10';
const LONGEST_QUOTED = 40;

const typeOf = new Map<string, IdType>(
  Object.entries(prefixes).map(([type, prefix]) => [prefix, type as IdType]),
);

/** A new UUIDv7 (RFC 9562): ids sort by the millisecond of their making. */
export function newId(): string {
  return typeid().toUUID();
}

const DIGITS = Array.from('0123456789abcdefghjkmnpqrstvwxyz', (digit) => digit.charCodeAt(0));
/** Where the hexadecimal digits of a UUID stand. */
const AT = Array.from(EXAMPLE).flatMap((digit, at) => (digit === '-' ? [] : at));
/** What the characters of such digits are worth. */
const WORTH = new Uint8Array(128);
for (const [worth, digit] of Array.from('0123456789abcdef').entries()) {
  WORTH[digit.charCodeAt(0)] = worth;
  WORTH[digit.toUpperCase().charCodeAt(0)] = worth;
}
/** The digits of the id that is being written. */
const written: number[] = new Array<number>(26).fill(0);

/**
 * The public form of a row's id: a TypeID, the type's prefix before the UUID in base 32. Written here since an answer has
 * hundreds of them, and the library takes some thirty times as long.
 */
export function publicId(type: IdType, uuid: string): string {
  const worth = (n: number) => WORTH[uuid.charCodeAt(AT[n] ?? 0)] ?? 0;
  const put = (at: number, bits: number) => (written[at] = DIGITS[bits & 31] ?? 0);
  // Of the 130 bits of 26 digits, a UUID has not the first two: its first two digits make two, then any five make four.
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

/**
 * Reads a public id of any type.
 * @throws ValidationFailed where the text is no such id.
 */
export function parseId(id: string): { type: IdType; uuid: string } {
  const type = typeOf.get(id.slice(0, id.lastIndexOf('_')));
  if (!type) throw new ValidationFailed(`"${clipped(id)}" is not an id that Taskwire made.`);
  return { type, uuid: uuidOf(type, id) };
}

/**
 * Reads the id of a known type.
 * @throws ValidationFailed naming `field`, where the text is no id of that type.
 */
export function uuidOf(type: IdType, id: string, field = 'id'): string {
  const uuid = decoded(type, id);
  if (uuid) return uuid;
  throw new ValidationFailed(
    `"${clipped(id)}" is not the id of ${type === 'ApiToken' ? 'an' : 'a'} ${wordsOf(type)}; such an id reads like ${publicId(type, EXAMPLE)}.`,
    { field },
  );
}

/** The one spelling of an id counts: what does not print back the same is refused. */
function decoded(type: IdType, id: string): string | null {
  try {
    const uuid = toUUID(fromString(id, prefixes[type]));
    return publicId(type, uuid) === id ? uuid : null;
  } catch {
    return null;
  }
}

/** A type's name as people say it: "team invitation". */
function wordsOf(type: IdType): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function clipped(id: string): string {
  return id.length > LONGEST_QUOTED ? `${id.slice(0, LONGEST_QUOTED)}…` : id;
}

/** Whether a UUID is of version 7, the only one that a client may make for a new object. */
export function isVersion7(uuid: string): boolean {
  return uuid[14] === '7';
}
