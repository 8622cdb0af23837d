import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Client,
  StreamableHTTPClientTransport,
  type OAuthClientProvider,
  type OAuthTokens,
} from '@modelcontextprotocol/client';
import type { Browser, Page } from '@playwright/test';
import { beforeAll, describe, onTestFinished, test } from 'vitest';
import { REVISIONS } from '../kit/agent.ts';
import { launchBrowser } from '../kit/browser.ts';
import { json, startDocumentServer } from '../kit/document-server.ts';
import { clientOf, connected, requestOf } from '../kit/oauth.ts';
import { expect, expectAccessible, openDashboard, visit } from '../kit/visitor.ts';
import { teamOf } from '../kit/team.ts';
import { PASSWORD, startWorld } from '../kit/world.ts';

const documents = await startDocumentServer();
const world = await startWorld({ OAUTH_CLIENT_HOSTS: 'localhost' });
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  return () => browser.close();
});

/** The program’s side: a page on this machine that receives the answer. */
async function startCallback(): Promise<{ address: string; answered: Promise<URLSearchParams> }> {
  const { promise: answered, resolve } = Promise.withResolvers<URLSearchParams>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    if (pathname === '/callback') resolve(searchParams);
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<title>Done</title><p>Back in the program.');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/callback`, answered };
}

interface Kept {
  provider: OAuthClientProvider;
  /** Where the person has to go. */
  address: () => string;
  tokens: () => OAuthTokens | undefined;
}

/** What a program keeps, as the client library asks for it. */
function keeper(redirectUrl: string, clientMetadataUrl?: string): Kept {
  let address = '';
  let verifier = '';
  let tokens: OAuthTokens | undefined;
  let client: ReturnType<OAuthClientProvider['clientInformation']>;
  let discovery: Awaited<ReturnType<NonNullable<OAuthClientProvider['discoveryState']>>>;
  return {
    address: () => address,
    tokens: () => tokens,
    provider: {
      redirectUrl,
      ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
      clientMetadata: { client_name: 'Garden planner', redirect_uris: [redirectUrl] },
      state: () => 'a state',
      clientInformation: () => client,
      saveClientInformation: (given) => {
        client = given;
      },
      discoveryState: () => discovery,
      saveDiscoveryState: (given) => {
        discovery = given;
      },
      tokens: () => tokens,
      saveTokens: (given) => {
        tokens = given;
      },
      redirectToAuthorization: (url) => {
        address = url.href;
      },
      saveCodeVerifier: (given) => {
        verifier = given;
      },
      codeVerifier: () => verifier,
      invalidateCredentials: () => {
        tokens = undefined;
      },
    },
  };
}

function agent(revision: (typeof REVISIONS)[number]): Client {
  const client = new Client(
    { name: 'a test', version: '1.0.0' },
    { versionNegotiation: { mode: revision === '2025-11-25' ? 'legacy' : { pin: revision } } },
  );
  onTestFinished(() => client.close());
  return client;
}

const transportOf = (authProvider: OAuthClientProvider) =>
  new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), { authProvider });

const consent = (page: Page) => page.getByRole('region', { name: 'Garden planner' });

const applications = (page: Page) => page.getByRole('region', { name: 'Connected applications' });

describe.each(REVISIONS)('with the revision %s', (revision) => {
  test('[FR-011] an agent asks, a person signs in and allows it, and disconnects it later', async () => {
    const { ada } = await world.people('Ada');
    await ada.createTask('Water the plants');
    const callback = await startCallback();
    const kept = keeper(callback.address);
    const first = transportOf(kept.provider);
    await expect(agent(revision).connect(first)).rejects.toThrow(/[Uu]nauthorized/);

    const page = await visit(browser, world.url, { timezoneId: 'UTC' });
    await page.goto(kept.address());
    await expect(page.getByText('An application asks for access to your account.')).toBeVisible();
    await page.getByLabel('Email').fill(ada.email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(consent(page)).toContainText('Not verified: any application can use this name.');
    await expect(consent(page)).toContainText(new URL(callback.address).host);
    await expect(consent(page)).toContainText('Create and change tasks, comments and messages as you.');
    await expect(consent(page)).toContainText('It can’t manage your account.');
    await expect(consent(page)).toContainText(/It ends after \d+ \w+ \d{4}/);
    await expect(consent(page)).toContainText(ada.email);
    await expectAccessible(page);
    const allow = consent(page).getByRole('button', { name: 'Allow' });
    await expect(allow).toBeEnabled();
    await allow.press('Enter');
    await expect(page.getByText('Back in the program.')).toBeVisible();

    await first.finishAuth(await callback.answered);
    expect(kept.tokens()).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    const client = agent(revision);
    await client.connect(transportOf(kept.provider));
    const { structuredContent } = await client.callTool({ name: 'list_tasks' });
    expect(structuredContent).toMatchObject({ tasks: [{ title: 'Water the plants' }] });

    // The token expires, for the server once its cache forgets it; the library refreshes it by itself.
    const before = kept.tokens()?.access_token;
    await world.db.connectedApplication.updateMany({ data: { accessExpiresAt: new Date() } });
    const renewed = async () => {
      expect(await client.callTool({ name: 'list_tasks' })).not.toHaveProperty('isError', true);
      return kept.tokens()?.access_token;
    };
    await expect.poll(renewed, { timeout: 15_000 }).not.toBe(before);

    await page.goto(`${world.url}/settings`);
    await expect(applications(page)).toContainText('Garden planner');
    await expect(applications(page)).toContainText('Read and write with agent tools · connected');
    await expect(applications(page)).toContainText('last used');
    await applications(page).getByRole('button', { name: 'Disconnect “Garden planner”' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Disconnect “Garden planner”?' });
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Disconnect' }).click();
    await expect(applications(page)).toContainText('None yet.');
    await expect(client.callTool({ name: 'list_tasks' })).rejects.toThrow();
  });
});

test('an agent with a metadata document needs no registration, and is shown with its host', async () => {
  const { ada } = await world.people('Ada');
  const callback = await startCallback();
  const url = `${documents.origin}/planner.json`;
  documents.answers['/planner.json'] = json({
    client_id: url,
    client_name: 'Garden planner',
    redirect_uris: ['http://127.0.0.1/callback'],
  });
  const kept = keeper(callback.address, url);
  const transport = transportOf(kept.provider);
  const registered = await world.db.oauthClient.count();
  await expect(agent('2026-07-28').connect(transport)).rejects.toThrow(/[Uu]nauthorized/);
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  await page.goto(kept.address());
  await expect(consent(page)).toContainText(`From localhost:${documents.port}`);
  await consent(page).getByRole('button', { name: 'Allow' }).click();
  await transport.finishAuth(await callback.answered);
  const client = agent('2026-07-28');
  await client.connect(transportOf(kept.provider));
  expect((await client.listTools()).tools.length).toBeGreaterThan(5);
  expect(await world.db.oauthClient.count()).toBe(registered);
});

test('[FR-009] a person limits an agent to a team, and it sees no other work', async () => {
  const { ada } = await world.people('Ada');
  const { id: teamId, name } = await teamOf(ada);
  await ada.createTask('Water the plants');
  await ada.createTask('Order seeds', { teamId });
  const callback = await startCallback();
  const kept = keeper(callback.address);
  const transport = transportOf(kept.provider);
  await expect(agent('2026-07-28').connect(transport)).rejects.toThrow(/[Uu]nauthorized/);
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  await page.goto(kept.address());
  await consent(page).getByLabel('Only these teams').check();
  await expect(consent(page)).toContainText('See what lies in the teams that you choose');
  await expect(consent(page)).toContainText('It can’t see your personal tasks');
  await expectAccessible(page);
  const allow = consent(page).getByRole('button', { name: 'Allow' });
  await allow.click();
  await expect(consent(page)).toContainText('Choose at least one team.');
  await consent(page).getByLabel(name).check();
  await allow.click();
  await transport.finishAuth(await callback.answered);
  const client = agent('2026-07-28');
  await client.connect(transportOf(kept.provider));
  expect(client.getInstructions()).toContain('This token is limited to teams');
  const { structuredContent } = await client.callTool({ name: 'list_tasks' });
  expect(structuredContent).toMatchObject({ tasks: [{ title: 'Order seeds' }] });
  expect(JSON.stringify(structuredContent)).not.toContain('Water the plants');
  await page.goto(`${world.url}/settings`);
  await expect(applications(page)).toContainText(
    `Read and write with agent tools · limited to ${name} · connected`,
  );
});

test('a person who cancels is sent back, and the agent learns why', async () => {
  const { ada } = await world.people('Ada');
  const callback = await startCallback();
  const kept = keeper(callback.address);
  const transport = transportOf(kept.provider);
  await expect(agent('2026-07-28').connect(transport)).rejects.toThrow(/[Uu]nauthorized/);
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  await page.goto(kept.address());
  await consent(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Back in the program.')).toBeVisible();
  await expect(transport.finishAuth(await callback.answered)).rejects.toThrow('did not allow');
  expect(await world.db.connectedApplication.count({ where: { user: { email: ada.email } } })).toBe(0);
});

test('a wrong request sends a person nowhere by itself', async () => {
  const { ada } = await world.people('Ada');
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  const clientId = await clientOf(world, { client_name: 'Garden planner' });
  await page.goto(
    `/authorize?${requestOf(world, clientId, { redirect_uri: 'https://evil.example/' }).parameters}`,
  );
  await expect(page.getByRole('alert')).toContainText('an address that the application has not registered');
  await expect(page.getByRole('button', { name: 'Allow' })).toHaveCount(0);
  await page.goto(`/authorize?${requestOf(world, clientId, { code_challenge_method: 'plain' }).parameters}`);
  await expect(consent(page).getByRole('alert')).toContainText('PKCE is required');
  await expect(page.getByRole('button', { name: 'Allow' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Go back' })).toBeVisible();
  await expectAccessible(page);
});

test('the consent page cannot be put into a frame of another page', async () => {
  const { ada } = await world.people('Ada');
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  const address = `${world.url}/authorize?${requestOf(world, await clientOf(world)).parameters}`;
  const other = await page.context().newPage();
  await other.setContent(`<iframe src="${address.replaceAll('&', '&amp;')}"></iframe>`);
  await expect.poll(() => other.frames().length).toBe(2);
  await expect.poll(() => other.frames()[1]?.url()).toMatch(/^chrome-error:/);
});

test('a click that was meant for another window does not allow access', async () => {
  const { ada } = await world.people('Ada');
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  const clientId = await clientOf(world, { client_name: 'Garden planner' });
  await page.goto(`/authorize?${requestOf(world, clientId).parameters}`);
  const allow = consent(page).getByRole('button', { name: 'Allow' });
  await expect(allow).toBeEnabled();
  await page.evaluate(() => {
    window.dispatchEvent(new Event('focus'));
    document.querySelector<HTMLElement>('.button-primary')?.click();
  });
  await expect(allow).toBeEnabled();
  expect(await world.db.connectedApplication.count({ where: { user: { email: ada.email } } })).toBe(0);
});

test('[SC-004] Settings show at once that an application was connected or disconnected itself', async () => {
  const { ada } = await world.people('Ada');
  const page = await openDashboard(browser, world.url, { email: ada.email, password: PASSWORD });
  await page.goto('/settings');
  await expect(applications(page)).toContainText('None yet.');
  const application = await connected(world, ada);
  await expect(applications(page).getByRole('listitem')).toContainText(
    'A program (not verified, at 127.0.0.1:5001)',
  );
  await fetch(`${world.url}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token: application.refreshToken }),
  });
  await expect(applications(page)).toContainText('None yet.');
});
