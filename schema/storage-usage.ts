import { storageQuotaOf } from '../server/domain/quota.ts';
import { storageUsageOf, type StorageUsage as Usage } from '../server/sql/storage-usage.ts';
import { builder } from './machinery/builder.ts';
import { User } from './user.ts';

const StorageUsage = builder.objectRef<{ used: Usage; quota: Usage }>('StorageUsage').implement({
  description: 'What the viewer stores, and the most that they may store.',
  fields: (t) => ({
    rows: t.float({
      description:
        'Tasks they own, comments and messages they wrote, conversations they own, their memberships and API tokens, and the shares and invitations they gave.',
      resolve: ({ used }) => used.rows,
    }),
    bytes: t.float({
      description: 'The text of these in UTF-8.',
      resolve: ({ used }) => used.bytes,
    }),
    maxRows: t.float({
      nullable: true,
      description: 'Quota of rows (STORAGE_ROWS_PER_PERSON); null where the server sets no limit.',
      resolve: ({ quota }) => quota.rows || null,
    }),
    maxBytes: t.float({
      nullable: true,
      description: 'Quota of bytes (STORAGE_MB_PER_PERSON); null where the server sets no limit.',
      resolve: ({ quota }) => quota.bytes || null,
    }),
  }),
});

builder.prismaObjectField(User, 'usage', (t) =>
  t.field({
    type: StorageUsage,
    nullable: true,
    description:
      'What the viewer stores. At a quota, whatever would store more gives QUOTA_EXCEEDED; deleting makes room. Null for any other person.',
    select: { id: true },
    resolve: async ({ id }, _args, { db, viewer }) =>
      id === viewer.userId ? { used: await storageUsageOf(db, id), quota: storageQuotaOf(db) } : null,
  }),
);
