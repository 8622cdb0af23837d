import { undoPreview, undoRun, MOST_UNDONE, type Undone } from '../server/domain/undo.ts';
import type { UndoStep as Step } from '../server/domain/undo-kinds.ts';
import { NotFound } from '../server/errors.ts';
import { UNDONE_WITHIN_DAYS } from '../server/log/retention.ts';
import { visible } from '../server/policy.ts';
import { AgentRun } from './agent-run.ts';
import { Event } from './event.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';

const UndoOutcome = builder.enumType('UndoOutcome', {
  description: 'What an undo does with a change.',
  values: {
    UNDONE: { description: 'It is taken back.' },
    KEPT: { description: 'It cannot be taken back, and stays.' },
    CONFLICT: { description: 'Someone has built on it, so nothing of the run is taken back.' },
  },
});

const UndoStep = builder.objectRef<Step>('UndoStep').implement({
  description: 'A step of an undo. It takes back one created object, or all changes of one object.',
  fields: (t) => ({
    event: t.expose('event', {
      type: Event,
      description: 'The last event of the change, which names what it concerns.',
    }),
    fields: t.exposeStringList('fields', {
      description: 'Fields that get their earlier values, such as `title`. Empty for other changes.',
    }),
    outcome: t.field({
      type: UndoOutcome,
      description: 'What `undoRun` does with it.',
      resolve: ({ problem, isConflict }) => (isConflict ? 'CONFLICT' : problem === null ? 'UNDONE' : 'KEPT'),
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why it is not taken back, as a sentence. Null if it is.',
    }),
  }),
});

builder.queryField('undoPreview', (t) =>
  t.field({
    type: [UndoStep],
    description: `What \`undoRun\` would do with each change of a run of the viewer, at most ${MOST_UNDONE}. Changes that are already taken back, or that the viewer can no longer see, are left out. VALIDATION_FAILED for a run with more changes, or that started more than ${UNDONE_WITHIN_DAYS} days ago.`,
    args: { id: t.arg.id({ required: true, description: 'For example `run_01jd…`.' }) },
    resolve: (_root, args, { db, person }) => undoPreview(db, person, args),
  }),
);

builder.relayMutationField(
  'undoRun',
  {
    description: 'Identifies what to take back.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'For example `run_01jd…`.' }) }),
  },
  {
    description: `Takes back what a program did in a run: created tasks and comments are deleted, changed fields get their earlier values, and given shares, invitations and roles are taken back. What cannot be taken back stays; see \`undoPreview\`. If anyone has built on one of the changes, nothing is done, and CONFLICT lists up to 20 of them in \`conflicts\`. Undoing again takes back what was changed since. At most ${MOST_UNDONE} changes, for ${UNDONE_WITHIN_DAYS} days. Requires a session: with a token it fails with FORBIDDEN.`,
    resolve: (_root, { input }, { db, person }) => undoRun(db, person, input),
  },
  {
    description: 'The result of undoing a run.',
    outputFields: (t: PayloadFields<Undone>) => ({
      run: t.prismaField({
        type: AgentRun,
        description: 'The run, with the time of the undo.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const run = await db.agentRun.findFirst({ ...query, where: { id, AND: visible.agentRun(viewer) } });
          if (!run) throw new NotFound('run');
          return run;
        },
      }),
      undone: t.exposeInt('undone', { description: 'Number of changes that were taken back.' }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
