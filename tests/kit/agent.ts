import { Client, StreamableHTTPClientTransport, type CallToolResult } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { apiTokenOf } from './api-tokens.ts';
import type { Person } from './world.ts';

export const REVISIONS = ['2026-07-28', '2025-11-25'] as const;

export interface Agent {
  client: Client;
  token: string;
  /** Calls a tool. @throws ToolError if the answer is an error. */
  call: <Data>(tool: string, input?: object) => Promise<Data>;
}

class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly code: string;
  readonly details: object;
  readonly text: string;

  constructor({ structuredContent, content }: CallToolResult) {
    const { error } = structuredContent as { error: { code: string; message: string } };
    super(error.message);
    this.code = error.code;
    this.details = error;
    this.text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  }
}

interface Options {
  path?: string;
  scopes?: ('READ' | 'WRITE')[];
  revision?: (typeof REVISIONS)[number];
  /** Default: a new API token. */
  token?: string;
  /** What a client that can open pages does with an address, before it answers that the person has agreed. */
  onPage?: (url: string) => Promise<void>;
}

/** A connected MCP client with a new API token of the person. It checks answers against the output schemas. */
export async function agentOf(
  person: Person,
  url: string,
  { path = '/mcp', scopes = ['READ', 'WRITE'], revision = '2026-07-28', onPage, ...given }: Options = {},
): Promise<Agent> {
  const token = given.token ?? (await apiTokenOf(person, { scopes })).token;
  const client = new Client(
    { name: 'a test', version: '1.0.0' },
    {
      ...(onPage ? { capabilities: { elicitation: { url: {} } } } : {}),
      versionNegotiation: { mode: revision === '2025-11-25' ? 'legacy' : { pin: revision } },
    },
  );
  if (onPage)
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      await onPage('url' in params ? params.url : '');
      return { action: 'accept' };
    });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url + path), { requestInit: { headers } }));
  onTestFinished(() => client.close());
  // The client reads the output schemas from the list.
  await client.listTools();
  return {
    client,
    token,
    async call<Data>(tool: string, input: object = {}) {
      const result = await client.callTool({ name: tool, arguments: { ...input } });
      if (result.isError) throw new ToolError(result);
      return result.structuredContent as Data;
    },
  };
}

/** A `tools/call` message of the revision 2025-11-25, without the client. */
export function toolCall(name: string, input: object, headers: Record<string, string>) {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: input },
    }),
  };
}
