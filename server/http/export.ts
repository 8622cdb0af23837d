import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { csvOf } from '../csv.ts';
import { BadUserInput, Forbidden, type TaskwireError } from '../errors.ts';
import { SerializedData } from '../graphql/execution/execute-query.ts';
import type { Graphql } from '../graphql/yoga.ts';
import { refuse } from './refuse.ts';
import type { TimedResponse } from './response-time.ts';

type Format = 'csv' | 'jsonl';

interface Person {
  id: string;
  name: string;
}

interface Task {
  id: string;
  title: string;
  description: string;
  status: string;
  priority: string;
  dueOn: string | null;
  labels: string[];
  owner: Person;
  assignee: Person | null;
  team: Person | null;
  parent: { id: string } | null;
  createdAt: string;
  updatedAt: string;
  completedAt: string | null;
  archivedAt: string | null;
}

interface Page {
  nodes: Task[];
  pageInfo: { endCursor: string | null; hasNextPage: boolean };
}

const EXPORT = `query ExportTasks($filterText: String, $orderBy: [TaskOrder!], $after: String) {
  tasks(filterText: $filterText, orderBy: $orderBy, first: 100, after: $after) {
    nodes {
      id title description status priority dueOn labels owner { id name } assignee { id name } team { id name }
      parent { id } createdAt updatedAt completedAt archivedAt
    }
    pageInfo { endCursor hasNextPage }
  }
}`;

const COLUMNS: Readonly<Record<string, (task: Task) => string | null | undefined>> = {
  Id: ({ id }) => id,
  Title: ({ title }) => title,
  Description: ({ description }) => description,
  Status: ({ status }) => status,
  Priority: ({ priority }) => priority,
  Due: ({ dueOn }) => dueOn,
  Labels: ({ labels }) => labels.join(', '),
  Owner: ({ owner }) => owner.name,
  Assignee: ({ assignee }) => assignee?.name,
  Team: ({ team }) => team?.name,
  Parent: ({ parent }) => parent?.id,
  Created: ({ createdAt }) => createdAt,
  Updated: ({ updatedAt }) => updatedAt,
  Completed: ({ completedAt }) => completedAt,
  Archived: ({ archivedAt }) => archivedAt,
};

const TYPES: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
};

const PARAMETERS = new Set(['filter', 'order', 'bom']);
const ORDER = /^([A-Z_]+):(ASC|DESC)$/;
const BOM = '\uFEFF';
/** A page waits at most this often for the next minute's points. */
const MOST_WAITS = 3;

/**
 * Streams the tasks of a filter. Each page is a query of the requesting person, with its rights and price, so the memory
 * does not depend on the number of tasks.
 */
export function exportTasks({ prepare, requests, masked }: Graphql, format: Format) {
  return async (request: IncomingMessage, response: TimedResponse): Promise<void> => {
    const overuse = requests.spend(1);
    const given = overuse ?? parametersOf(request);
    if (isRefusal(given)) {
      refuse(response, given, { status: given instanceof Forbidden ? 403 : given.status });
      return;
    }
    const headers = new Headers(request.headers as Record<string, string>);
    const { hasBom, ...selection } = given;

    /** @throws GraphQLError with the code of the API. */
    const read = async (after: string | null): Promise<Page> => {
      const prepared = await prepare(headers, { query: EXPORT, variables: { ...selection, after } });
      if ('errors' in prepared) throw masked(prepared.errors[0]);
      if (prepared.kind === 'subscription') throw new TypeError('An export is a query');
      const { data, errors } = await prepared.run();
      if (errors?.[0]) throw masked(errors[0]);
      return ((data instanceof SerializedData ? data.toJSON() : data) as { tasks: Page }).tasks;
    };

    let first: Page;
    try {
      first = await read(null);
    } catch (error) {
      sendError(response, error instanceof GraphQLError ? error : masked(error));
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[format],
      'content-disposition': `attachment; filename="tasks-${new Date().toISOString().slice(0, 10)}.${format}"`,
      'cache-control': 'private, no-store',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const texts = async function* () {
      if (format === 'csv') yield (hasBom ? BOM : '') + csvOf([Object.keys(COLUMNS)]);
      for (let page = first; ; page = await patiently(() => read(page.pageInfo.endCursor))) {
        yield format === 'csv'
          ? csvOf(page.nodes.map((task) => Object.values(COLUMNS).map((value) => value(task) ?? '')))
          : page.nodes.map((task) => `${JSON.stringify(task)}\n`).join('');
        if (!page.pageInfo.hasNextPage) return;
      }
    };
    // A response that is cut tells the client that it is not whole.
    await pipeline(Readable.from(texts(), { highWaterMark: 1 }), response).catch(() => response.destroy());
  };
}

interface Given {
  filterText: string | null;
  orderBy: { field: string; direction: string }[] | null;
  hasBom: boolean;
}

function parametersOf({ url = '', headers }: IncomingMessage): Given | TaskwireError {
  // Other sites cannot read the answer, but they could make a browser load it.
  if (headers['sec-fetch-site'] === 'cross-site')
    return new Forbidden('Another site started this download. Start it from Taskwire.');
  const parameters = new URL(url, 'http://localhost').searchParams;
  const unknown = [...parameters.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined)
    return new BadUserInput('An export takes the parameters `filter`, `order` and `bom`.');
  const order = parameters.get('order');
  const [, field = '', direction = ''] = ORDER.exec(order ?? '') ?? [];
  if (order !== null && field === '')
    return new BadUserInput('`order` is a `TaskOrderField` and a direction, such as `DUE_ON:ASC`.');
  return {
    filterText: parameters.get('filter'),
    orderBy: order === null ? null : [{ field, direction }],
    hasBom: parameters.get('bom') === '1',
  };
}

function isRefusal(given: Given | TaskwireError): given is TaskwireError {
  return given instanceof Error;
}

/** Waits where the person has used their points. */
async function patiently<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await read();
    } catch (error) {
      const seconds = (error as { extensions?: Record<string, unknown> }).extensions?.['retryAfter'];
      if (typeof seconds !== 'number' || waits === MOST_WAITS) throw error;
      await sleep(seconds * 1_000);
    }
  }
}

function sendError(response: TimedResponse, { message, extensions }: GraphQLError): void {
  const { http, ...details } = extensions as { http?: { status?: number; headers?: Record<string, string> } };
  const usual = { status: 400, headers: {} };
  const { status, headers } = { ...usual, ...http };
  response.writeHead(status === 200 ? usual.status : status, {
    ...headers,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  response.end(`${JSON.stringify({ errors: [{ message, extensions: details }] })}\n`);
}
