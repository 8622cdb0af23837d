import { typeid } from 'typeid-js';

/**
 * Gives each creation an id that stays the same while the same content is sent again, so that a request whose answer was
 * lost can be repeated without making a second task. Other content gets another id.
 */
export function createCreationIds(make: () => string = () => typeid('task').toString()) {
  let last: { content: string; id: string } | undefined;
  return {
    idFor(content: unknown): string {
      const written = JSON.stringify(content);
      if (last?.content !== written) last = { content: written, id: make() };
      return last.id;
    },
    /** The creation is confirmed: the same content is then another task. */
    done(): void {
      last = undefined;
    },
  };
}
