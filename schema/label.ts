import { ValidationFailed } from '../server/errors.ts';
import { labelsInUse, MOST_LABELLED, MOST_LABELS, type LabelUse as Use } from '../server/sql/labels.ts';
import { DashboardScope, scopeOf } from './dashboard.ts';
import { builder } from './machinery/builder.ts';

const LONGEST_PREFIX = 50;

const LabelUse = builder.objectRef<Use>('LabelUse').implement({
  description: 'A label and how often it is used.',
  fields: (t) => ({
    label: t.exposeString('label', { description: 'Its text, as in `Task.labels`.' }),
    taskCount: t.exposeInt('count', {
      description: `Tasks with this label, among the ${MOST_LABELLED.toLocaleString('en')} most recently changed.`,
    }),
  }),
});

builder.queryField('labels', (t) =>
  t.field({
    type: [LabelUse],
    description: `Labels in use, the most frequent first, among the ${MOST_LABELLED.toLocaleString('en')} most recently changed tasks that the viewer sees.`,
    args: {
      scope: t.arg({ type: DashboardScope, description: 'Which tasks. Default: all that the viewer sees.' }),
      prefix: t.arg.string({ description: 'Beginning of the labels, in any case. At most 50 characters.' }),
      first: t.arg.int({ description: `At most ${MOST_LABELS}, which is the default.` }),
    },
    resolve: (_root, { scope, prefix, first }, { db, viewer }) => {
      const limit = first ?? MOST_LABELS;
      if (limit < 0 || limit > MOST_LABELS)
        throw new ValidationFailed(`You can get 0 to ${MOST_LABELS} labels.`, { field: 'first' });
      const start = (prefix ?? '').normalize('NFC').trimStart();
      if (start.length > LONGEST_PREFIX * 2 || start.includes('\0') || !start.isWellFormed())
        throw new ValidationFailed('The prefix is too long or contains an invalid character.', {
          field: 'prefix',
        });
      const within = scope ? scopeOf(viewer, scope) : null;
      return labelsInUse(db, viewer, within, start, limit);
    },
  }),
);
