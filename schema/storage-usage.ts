import { storageQuotaOf } from '../server/domain/quota.ts';
import { storageUsageOf, type StorageUsage as Usage } from '../server/sql/storage-usage.ts';
import { builder } from './machinery/builder.ts';
import { User } from './user.ts';

const StorageUsage = builder.objectRef<{ used: Usage; quota: Usage }>('StorageUsage').implement({
  description: 'Storage used by the viewer, and their quota.',
  fields: (t) => ({
    rows: t.float({
      description:
        'Number of stored objects: owned tasks and conversations, written comments and messages, memberships, API tokens, shares and invitations given, and for 30 days each task and comment that a run of an agent changed.',
      resolve: ({ used }) => used.rows,
    }),
    bytes: t.float({
      description: 'Size of their text, in UTF-8 bytes.',
      resolve: ({ used }) => used.bytes,
    }),
    maxRows: t.float({
      nullable: true,
      description: 'Quota for `rows` (STORAGE_ROWS_PER_PERSON). Null if unlimited.',
      resolve: ({ quota }) => quota.rows || null,
    }),
    maxBytes: t.float({
      nullable: true,
      description: 'Quota for `bytes` (STORAGE_MB_PER_PERSON). Null if unlimited.',
      resolve: ({ quota }) => quota.bytes || null,
    }),
  }),
});

builder.prismaObjectField(User, 'usage', (t) =>
  t.field({
    type: StorageUsage,
    nullable: true,
    description:
      'Storage used by the viewer. At the quota, mutations that store more fail with QUOTA_EXCEEDED until something is deleted. Null for other people.',
    select: { id: true },
    resolve: async ({ id }, _args, { db, viewer }) =>
      id === viewer.ownId ? { used: await storageUsageOf(db, id), quota: storageQuotaOf(db) } : null,
  }),
);
