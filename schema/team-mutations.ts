import type { Change } from '../server/domain/change.ts';
import { createTeam, deleteTeam, updateTeam } from '../server/domain/team.ts';
import { publicId } from '../server/ids.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { Team, teamOf } from './team.ts';

const nameDescription = '1 to 100 characters. Fails with CONFLICT if another team has this name.';
const slugDescription =
  'Short name for URLs: at most 60 of `a` to `z`, digits and single dashes. Fails with CONFLICT if another team has this slug.';
const descriptionDescription = 'Markdown, at most 2,000 characters.';

function teamPayload(t: PayloadFields<Change>) {
  return {
    team: t.prismaField({
      type: Team,
      description: 'The team after the change.',
      resolve: (query, { id }, _args, { db, viewer }) => teamOf(db, viewer, { id }, query),
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  };
}

builder.relayMutationField(
  'createTeam',
  {
    description: 'Properties of the new team.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'Client-generated id (`team_` and a UUID version 7). Makes retries safe: the same id creates one team.',
      }),
      name: t.string({ required: true, description: nameDescription }),
      slug: t.string({ description: `${slugDescription} Default: derived from the name.` }),
      description: t.string({ description: descriptionDescription }),
    }),
  },
  {
    description: 'Creates a team owned by the viewer.',
    resolve: (_root, { input }, { db, person }) => createTeam(db, person, input),
  },
  { description: 'The created team.', outputFields: teamPayload },
);

builder.relayMutationField(
  'updateTeam',
  {
    description: 'New values for a team. Omitted fields do not change. Only `defaultViewId` can be null.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Team id.' }),
      name: t.string({ description: nameDescription }),
      slug: t.string({ description: `${slugDescription} Changing the name does not change the slug.` }),
      description: t.string({ description: descriptionDescription }),
      defaultViewId: t.id({
        description: 'A view of the team, with which its tasks open. Null clears it.',
      }),
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
    description: 'Identifies the team to delete.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Team id.' }) }),
  },
  {
    description:
      'Deletes a team permanently, with its memberships and invitations. Its tasks become personal tasks of their owners. Idempotent.',
    resolve: (_root, { input }, { db, person }) => deleteTeam(db, person, input),
  },
  {
    description: 'The result of deleting a team.',
    outputFields: (t) => ({
      deletedTeamId: t.id({
        description: 'Id of the team, which no longer exists.',
        resolve: ({ id }) => publicId('Team', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
