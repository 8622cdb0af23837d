import { newId, parseId, publicId } from '../../../server/ids.ts';
import type { World } from '../../kit/world.ts';
import type { Cast, Name } from './cast.ts';
import { operations, type Operation } from './operations.ts';
import { rights } from './rights.ts';
import { scenes, type Scene } from './scenes.ts';
import type { Stage } from './stage.ts';
import { cellsOf, type Cell, type Mark } from './table.ts';

/** A cell of a table with everything needed for the attempt. */
export interface Attempt extends Cell {
  table: keyof typeof rights;
  operation: Operation;
  scene: Scene;
  /** The API token used instead of a session. */
  token: 'READ' | 'WRITE' | null;
}

export interface Outcome extends Attempt {
  ended: string;
  /** The value of `viewerCan`, if the row has a right and the viewer saw its object. */
  foretold: boolean | undefined;
  answer: Answer;
  /** The result of the same attempt with an unknown id. */
  elsewhere: Answer | null;
}

interface Answer {
  status: number;
  text: string;
}

const codes: Record<string, Mark> = {
  FORBIDDEN: 'F',
  NOT_FOUND: 'N',
  UNAUTHENTICATED: 'U',
  VALIDATION_FAILED: 'V',
  CONFLICT: 'C',
};

/** Every cell of every table, and each attempt of the first column again with a read-only token. */
export function allAttempts(stage: Stage, cast: Cast): Attempt[] {
  let scene = 0;
  return (Object.keys(rights) as (keyof typeof rights)[]).flatMap((table) => {
    const prepare = ({ row, column, expected }: Cell, token: Attempt['token']): Attempt => {
      const operation = operations[table][row];
      if (!operation) throw new Error(`Nothing says how to try “${row}”`);
      scene += 1;
      const word = `zq${scene.toString(36).padStart(4, '0')}`;
      return {
        table,
        row,
        column,
        expected,
        operation,
        token,
        scene: scenes[table](stage, cast, column, word),
      };
    };
    const cells = cellsOf(rights[table]);
    const first = cells[0]?.column;
    return [
      ...cells.map((cell) => prepare(cell, tokenOf(cell.column))),
      ...cells
        .filter(({ row, column, expected }) => column === first && expected === '✓' && changes(table, row))
        .filter(() => table !== OWN)
        .map((cell) => prepare({ ...cell, expected: 'F' }, 'READ')),
    ];
  });
}

const OWN = 'what is one’s own, by what one shows for it';

function tokenOf(column: string): Attempt['token'] {
  return column === 'READ' || column === 'WRITE' ? column : null;
}

function changes(table: keyof typeof rights, row: string): boolean {
  return operations[table][row]?.document.startsWith('mutation') ?? false;
}

export function isChange({ operation }: Attempt): boolean {
  return operation.document.startsWith('mutation');
}

/** The ids of an attempt's own objects, as in the database. */
export function uuidsOf({ scene }: Attempt): string[] {
  return Object.values(scene.names).flatMap((id) => (id === '' ? [] : [parseId(id).uuid]));
}

/** Sends an attempt to the server, with `viewerCan` before it, and with another id after it. */
export async function tried(world: World, cast: Cast, attempt: Attempt): Promise<Outcome> {
  const { operation, scene } = attempt;
  const names = { ...scene.standing, ...scene.names };
  const send = (document: string, variables: object) =>
    ask(world, credentialOf(cast, attempt), document, variables);
  const foretold = await foretelling(attempt, names, send);
  const answer = await send(operation.document, operation.variables(names, scene.word));
  const ended = endOf(attempt, names, answer);
  const elsewhere =
    ended === 'N' && operation.hidden
      ? await send(operation.document, operation.variables(withoutTrace(names, operation.hidden), scene.word))
      : null;
  return { ...attempt, ended, foretold, answer, elsewhere };
}

function withoutTrace(names: Record<string, string>, hidden: string): Record<string, string> {
  const id = names[hidden] ?? '';
  return { ...names, [hidden]: id.includes('_') ? publicId(parseId(id).type, newId()) : 'no-such-slug' };
}

export function credentialOf({ people, tokens }: Cast, { scene, token }: Attempt): string | null {
  if (scene.actor === null) return null;
  const credential = token === null ? people[scene.actor].token : tokens[token].get(scene.actor);
  if (credential === undefined) throw new Error(`${scene.actor} has no token to ${token ?? 'sign in'}`);
  return credential;
}

async function ask(
  world: World,
  credential: string | null,
  query: string,
  variables: object,
): Promise<Answer> {
  const follows = query.startsWith('subscription');
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(follows ? { accept: 'text/event-stream' } : {}),
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, text: await (follows ? firstEventOf(response) : response.text()) };
}

/** The first message of an event stream. */
async function firstEventOf({ body }: Response): Promise<string> {
  let text = '';
  for await (const bytes of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += bytes;
    const data = /^data: ?({.*})$/m.exec(text)?.[1];
    if (data !== undefined) return data;
  }
  return text;
}

interface Foretelling {
  data: { node: { viewerCan: Record<string, boolean | string[]> } | null } | null;
}

async function foretelling(
  { operation: { right }, expected }: Attempt,
  names: Record<string, string>,
  send: (document: string, variables: object) => Promise<Answer>,
): Promise<boolean | undefined> {
  if (!right || (expected !== '✓' && expected !== 'F')) return undefined;
  const { text } = await send(
    `query ($id: ID!) { node(id: $id) { ... on ${right.type} { viewerCan { ${right.field} } } } }`,
    { id: names[right.of] },
  );
  const said = (JSON.parse(text) as Foretelling).data?.node?.viewerCan[right.field];
  return Array.isArray(said) ? said.includes(right.contains ?? '') : said;
}

interface Read {
  errors?: { extensions: { code: string } }[];
}

function endOf(attempt: Attempt, names: Record<string, string>, { text }: Answer): string {
  const code = (JSON.parse(text) as Read).errors?.[0]?.extensions.code;
  if (code !== undefined) return codes[code] ?? code;
  const { shows, own } = attempt.operation;
  if (isChange(attempt) || !shows) return '✓';
  const total = Number(/"totalCount":(\d+)/.exec(text)?.[1] ?? NaN);
  if (shows.length === 0) return total > 0 ? '✓' : '·';
  const shown = (name: string) => text.includes(`"${names[name] ?? ''}"`);
  if (shows.every(shown)) return '✓';
  if (own !== undefined && shown(own) && total === 1) return 'own';
  return shows.some(shown) || total > 0 ? `only some: ${text}` : '·';
}

/** People who need a read-only API token: those of the first columns. */
export const READERS: readonly Name[] = ['owner', 'lead', 'self', 'alone'];
