import { defineConfig } from 'prisma/config';
import { primaryIn } from './server/database/servers.ts';

const { DATABASE_URL = '', DATABASE_DIRECT_URL = DATABASE_URL } = process.env;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: await primaryIn(DATABASE_DIRECT_URL) },
});
