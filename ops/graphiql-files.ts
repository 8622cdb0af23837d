// Writes GraphiQL to server/graphiql/build as cacheable, precompressed files.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** The package exports its scripts as strings, for one page of nine megabytes. */
interface GraphiqlPackage {
  css: string;
  js: string;
  editorWorkerService: string;
  graphqlWorker: string;
  jsonWorker: string;
}

const source = join(import.meta.dirname, '../server/graphiql');
const target = join(source, 'build');
/** The highest quality takes twenty times as long and saves a tenth. */
const BROTLI_QUALITY = 9;

const bundle = new URL('graphiql.js', import.meta.resolve('@graphql-yoga/render-graphiql'));
const { css, js, editorWorkerService, graphqlWorker, jsonWorker } = (await import(
  bundle.href
)) as GraphiqlPackage;

const names = new Map<string, string>();
await rm(target, { recursive: true, force: true });
await mkdir(join(target, 'graphiql'), { recursive: true });
await Promise.all([
  write('graphiql.css', css),
  write('graphiql.js', js),
  write('editor-worker.js', editorWorkerService),
  write('graphql-worker.js', graphqlWorker),
  write('json-worker.js', jsonWorker),
]);
await write('style.css', await readFile(join(source, 'style.css'), 'utf8'));
await write('start.js', withHashes(await readFile(join(source, 'start.js'), 'utf8')));
const page = withHashes(await readFile(join(source, 'index.html'), 'utf8'));
await writeFile(join(target, 'index.html'), page);

/** The name contains a hash of the content, so browsers can cache the file forever. */
async function write(name: string, text: string): Promise<void> {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 10);
  const hashed = name.replace(/(?=\.\w+$)/, `.${hash}`);
  names.set(`/graphiql/${name}`, `/graphiql/${hashed}`);
  const path = join(target, 'graphiql', hashed);
  const content = Buffer.from(text);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  await Promise.all([
    writeFile(path, content),
    promisify(brotliCompress)(content, { params }).then((small) => writeFile(`${path}.br`, small)),
    promisify(gzip)(content, { level: 9 }).then((small) => writeFile(`${path}.gz`, small)),
  ]);
}

function withHashes(text: string): string {
  return text.replaceAll(/\/graphiql\/[\w.-]+/g, (name) => names.get(name) ?? name);
}
