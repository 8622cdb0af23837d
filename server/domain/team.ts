import type { Change } from './change.ts';
import { z } from 'zod';
import type { Team } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { classify } from '../database/failures.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, NotFound, ValidationFailed } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { fingerprintOf, firstCreation, refuseUsedIds } from '../log/idempotency.ts';
import { append, currentCursor } from '../log/append.ts';
import { appendTeamDeletedEvents } from '../log/team-event.ts';
import { appendInvitationEvents } from '../log/invitation-event.ts';
import { newId } from '../ids.ts';
import type { Person } from '../policy.ts';
import { clearTeam } from '../sql/tasks-along.ts';
import { checkQuota } from './quota.ts';
import { lockedTeam } from './team-lock.ts';
import { idOf, line, newIdOf, parse, text } from './validation.ts';

const LONGEST_SLUG = 60;

/** Whitespace is normalized so that names that look the same are the same. */
const name = z
  .string('The name must be text, and cannot be null.')
  .overwrite((given) => given.replaceAll(/\s+/gu, ' '))
  .pipe(line('The name', { min: 1, max: 100 }));
const slug = z
  .string('The slug must be text, and cannot be null.')
  .regex(
    /^[a-z0-9]+(-[a-z0-9]+)*$/,
    'A slug can contain lower-case letters a to z, digits and single dashes between them, such as `web-team`.',
  )
  .max(LONGEST_SLUG, `A slug can have at most ${LONGEST_SLUG} characters.`);
const description = text('The description', { min: 0, max: 2_000 });

const creation = z.object({
  id: newIdOf('Team').nullish(),
  name,
  slug: slug.nullish().transform((value) => value ?? null),
  description: description.nullish().transform((value) => value ?? ''),
});

const editable = { name: true, slug: true, description: true, defaultViewId: true } as const;

const edit = z.object({
  id: idOf('Team'),
  name: name.optional(),
  slug: slug.optional(),
  description: description.optional(),
  defaultViewId: idOf('View').nullish(),
});

/** Idempotent by client-generated id. @throws Conflict if the name, the slug or the id is taken. */
export async function createTeam(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id: ownId, ...wanted } = parse(creation, input);
  const id = ownId ?? newId();
  const fingerprint = fingerprintOf(wanted);
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    for (const slug of wanted.slug === null ? slugsOf(wanted.name, id) : [wanted.slug]) {
      const { count } = await tx.team.createMany({ data: { ...wanted, id, slug }, skipDuplicates: true });
      if (count === 1) {
        if (ownId != null) await refuseUsedIds(tx, 'team.created', [ownId]);
        return { id, cursor: await found(tx, person, id, fingerprint) };
      }
      const where = { OR: [{ id }, { name: wanted.name }] };
      const taken = await tx.team.findMany({ where, select: { id: true } });
      if (taken.some((team) => team.id === id)) {
        return { id, cursor: await firstCreation(tx, 'team.created', person, id, fingerprint) };
      }
      if (taken.length > 0) throw takenName();
    }
    throw takenSlug();
  });
}

async function found(tx: Transaction, person: Person, id: string, fingerprint: string): Promise<string> {
  await tx.membership.create({
    data: { teamId: id, userId: person.userId, role: 'OWNER' },
    select: { id: true },
  });
  return append(tx, { kind: 'team.created', ...eventFields(person, id), data: { fingerprint } });
}

/**
 * Omitted fields do not change. A new name does not change the slug.
 * @throws ValidationFailed if the default view is not one of the team.
 */
export async function updateTeam(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, ...given } = parse(edit, input);
  const change = inTransaction(db, async (tx) => {
    const viewer = await lockedTeam(tx, person, 'team.update', id);
    const team = viewer && (await tx.team.findUnique({ where: { id }, select: editable }));
    if (!team) throw new NotFound('team', id);
    const changes = differences(team, given);
    const fields = Object.keys(changes);
    if (fields.length === 0) return { id, cursor: await currentCursor(tx) };
    if (changes['defaultViewId']) await refuseForeignView(tx, id, changes['defaultViewId']);
    await tx.team.update({ where: { id }, data: changes, select: { id: true } });
    return {
      id,
      cursor: await append(tx, { kind: 'team.updated', ...eventFields(person, id), data: { fields } }),
    };
  });
  return change.catch((error: unknown) => {
    const { constraint } = classify(error);
    if (constraint === 'teams_name_key') throw takenName();
    throw constraint === 'teams_slug_key' ? takenSlug() : error;
  });
}

/** The lock of the team holds its views too. */
async function refuseForeignView(tx: Transaction, teamId: string, id: string): Promise<void> {
  const view = await tx.view.findFirst({ where: { id, teamId }, select: { id: true } });
  if (!view)
    throw new ValidationFailed('The default view must be a view of the team.', { field: 'defaultViewId' });
}

/** Its tasks become personal tasks of their owners. Idempotent. */
export async function deleteTeam(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('Team') }), input);
  return inTransaction(db, async (tx) => {
    if (!(await lockedTeam(tx, person, 'team.delete', id))) {
      const cursor = await earlierRemoval(tx, 'team.deleted', person, id);
      if (cursor === null) throw new NotFound('team', id);
      return { id, cursor };
    }
    const team = await tx.team.findUniqueOrThrow({ where: { id }, select: { id: true, name: true } });
    await appendInvitationEvents(tx, 'team.invitationRevoked', { teamId: id });
    await clearTeam(tx, person, id);
    const cursor = await appendTeamDeletedEvents(tx, person, team);
    await tx.team.delete({ where: { id }, select: { id: true } });
    return { id, cursor };
  });
}

function eventFields({ userId }: Person, teamId: string) {
  return { actorId: userId, subjectId: teamId, teamId };
}

function differences(
  team: Pick<Team, keyof typeof editable>,
  given: Partial<Record<keyof typeof editable, string | null | undefined>>,
) {
  return Object.fromEntries(
    Object.entries<string | null | undefined>(given).filter(
      ([field, value]) => value !== undefined && value !== team[field as keyof typeof editable],
    ),
  );
}

/** Letters that Unicode does not decompose. */
const PLAIN: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/** Candidates: the name in plain letters, then the same with the end of the id, which is unique. */
function slugsOf(name: string, id: string): string[] {
  const tail = id.slice(-12);
  const plain = name
    .toLowerCase()
    .replaceAll(/[ßæœøđðłþı]/g, (letter) => PLAIN[letter] ?? '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '');
  const cut = (length: number) => plain.slice(0, length).replace(/-$/, '');
  if (!plain) return [`team-${tail}`];
  return [cut(LONGEST_SLUG), `${cut(LONGEST_SLUG - tail.length - 1)}-${tail}`];
}

function takenName(): Conflict {
  return new Conflict('Another team has this name. Choose a different name.', { field: 'name' });
}

function takenSlug(): Conflict {
  return new Conflict('Another team has this slug. Choose a different slug.', { field: 'slug' });
}
