import type { Change } from '../server/domain/change.ts';
import { createTeam, deleteTeam, updateTeam } from '../server/domain/team.ts';
import { publicId } from '../server/ids.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { Team, teamOf } from './team.ts';

const nameDescription = '1 to 100 characters; CONFLICT where another team has the same.';
const slugDescription =
  'For addresses: at most 60 of `a` to `z`, digits and single dashes; CONFLICT where another team has the same.';
const descriptionDescription = 'Markdown, at most 2,000 characters.';

/** What changing a team gives back: the team re-read with the client's selection. */
function teamPayload(t: PayloadFields<Change>) {
  return {
    team: t.prismaField({
      type: Team,
      description: 'The team as it is now.',
      resolve: (query, { id }, _args, { db, viewer }) => teamOf(db, viewer, { id }, query),
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  };
}

builder.relayMutationField(
  'createTeam',
  {
    description: 'A new team.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'An id of the client’s own making (`team_` and a UUID of version 7), so that sending it twice creates once.',
      }),
      name: t.string({ required: true, description: nameDescription }),
      slug: t.string({ description: `${slugDescription} Made from the name when left out.` }),
      description: t.string({ description: descriptionDescription }),
    }),
  },
  {
    description: 'Creates a team that the viewer owns.',
    resolve: (_root, { input }, { db, person }) => createTeam(db, person, input),
  },
  { description: 'The created team.', outputFields: teamPayload },
);

builder.relayMutationField(
  'updateTeam',
  {
    description: 'New values for a team. What is left out stays as it is; null is refused.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which team.' }),
      name: t.string({ description: nameDescription }),
      slug: t.string({ description: `${slugDescription} A new name leaves it as it is.` }),
      description: t.string({ description: descriptionDescription }),
    }),
  },
  {
    description: 'Changes a team.',
    resolve: (_root, { input }, { db, person }) => updateTeam(db, person, input),
  },
  { description: 'The changed team.', outputFields: teamPayload },
);

builder.relayMutationField(
  'deleteTeam',
  {
    description: 'Which team goes.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which team.' }) }),
  },
  {
    description:
      'Deletes a team for good, with its memberships and invitations; its tasks go to their owners. Deleting it again is harmless.',
    resolve: (_root, { input }, { db, person }) => deleteTeam(db, person, input),
  },
  {
    description: 'What is left of a deleted team.',
    outputFields: (t) => ({
      deletedTeamId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('Team', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
