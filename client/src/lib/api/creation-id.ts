const digits = '0123456789abcdefghjkmnpqrstvwxyz';
const digitsOfAnId = 26;

type Creatable = 'task' | 'team' | 'comment' | 'conversation' | 'message';

/** A new TypeID: a UUID of version 7 (time in milliseconds, then random bits) in base 32. */
export function newId(type: Creatable): string {
  const [high = 0, middle = 0, low = 0] = crypto.getRandomValues(new Uint32Array(3));
  const versioned = (BigInt(Date.now()) << 16n) | 0x7000n | BigInt(high & 0xfff);
  const variant = 0x80000000n | BigInt(middle & 0x3fffffff);
  const uuid = (versioned << 64n) | (variant << 32n) | BigInt(low);
  const places = Array.from({ length: digitsOfAnId }, (_, place) => BigInt(5 * (digitsOfAnId - 1 - place)));
  return `${type}_${places.map((place) => digits[Number((uuid >> place) & 31n)]).join('')}`;
}

/**
 * Gives each creation an id that stays the same while the same content is sent again, so that a request can be retried
 * after a lost response without creating a duplicate. Other content gets another id.
 */
export function createCreationIds(type: Creatable) {
  let last: { content: string; id: string } | undefined;
  return {
    idFor(content: unknown): string {
      const written = JSON.stringify(content);
      if (last?.content !== written) last = { content: written, id: newId(type) };
      return last.id;
    },
    /** Call it once the creation is confirmed: the same content then gets a new id. */
    done(): void {
      last = undefined;
    },
  };
}
