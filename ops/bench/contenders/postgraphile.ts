// PostGraphile 5 set up as documented, on the same tables. No authentication. A request with the header x-viewer gets the rights
// of that person by row-level security.
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { VISITOR } from '../fill.ts';

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env['DATABASE_URL'] ?? '', schemas: ['public'] })],
  grafserv: { graphiql: false, watch: false },
  grafast: {
    context({ node }) {
      const viewer = node?.req.headers['x-viewer'];
      return typeof viewer === 'string' ? { pgSettings: { role: VISITOR, 'bench.viewer': viewer } } : {};
    },
  },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.env['PORT']), '127.0.0.1', () => {
  console.log('ready');
});
