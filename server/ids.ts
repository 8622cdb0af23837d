import { fromString, toUUID, typeid } from 'typeid-js';
import { ValidationFailed } from './errors.ts';

/** The prefix of each type's ids, as in `task_01jd…`. */
const prefixes = {
  User: 'user',
  ApiToken: 'token',
  Team: 'team',
  Membership: 'member',
  TeamInvitation: 'invitation',
  Task: 'task',
  TaskShare: 'share',
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

const DIGITS = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz');
const HYPHEN = '-'.charCodeAt(0);
const NINE = '9'.charCodeAt(0);
/** The digits of the id that is being written. */
const written = Buffer.alloc(26);

/**
 * The public form of a row's id: a TypeID, the type's prefix before the UUID in base 32. Written here since an answer has
 * hundreds of them, and the library takes five times as long.
 */
export function publicId(type: IdType, uuid: string): string {
  let bits = 0;
  // Of the 130 bits of 26 digits, a UUID has not the first two.
  let held = 2;
  let digits = 0;
  for (let at = 0; at < uuid.length; at += 1) {
    const code = uuid.charCodeAt(at);
    if (code === HYPHEN) continue;
    // Letters of either case are one above a multiple of sixteen.
    bits = ((bits << 4) | (code <= NINE ? code & 15 : (code & 15) + 9)) & 0xff;
    held += 4;
    if (held < 5) continue;
    held -= 5;
    written[digits] = DIGITS[(bits >> held) & 31] ?? 0;
    digits += 1;
  }
  return `${prefixes[type]}_${written.toString('latin1')}`;
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
