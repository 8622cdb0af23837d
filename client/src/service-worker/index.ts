/**
 * Keeps the page and the latest answers to its queries, so that a person can read without a connection. It answers from
 * what is kept only if the server cannot be reached. Changes always need the server.
 */
import { version } from '$app/env';
import { assets, immutable } from '$app/manifest';
import { self as worker } from '$app/service-worker';

const build = new Set(immutable.map(({ path }) => `/${path}`));
const shown = assets.map(({ path }) => `/${path}`).filter((path) => !path.startsWith('/help/'));

const pageFiles = `files-${version}`;
const answers = 'answers';
const mostAnswers = 200;
const mostCharacters = 500_000;

/** Answers are of this person only, who is known from the answer to the query of the viewer. */
const ownerKey = '/kept/viewer';
/** When an answer was kept, in ISO 8601. The page shows it. */
const keptAt = 'taskwire-kept-at';
const viewerHeader = 'taskwire-viewer';

worker.addEventListener('install', (event) => {
  event.waitUntil(caches.open(pageFiles).then((cache) => cache.addAll(['/', ...build, ...shown])));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([deleteEarlierFiles(), worker.registration.navigationPreload.enable()]));
});

async function deleteEarlierFiles() {
  const names = await caches.keys();
  const earlier = names.filter((name) => name.startsWith('files-') && name !== pageFiles);
  await Promise.all(earlier.map((name) => caches.delete(name)));
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== worker.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(pageFor(event));
  else if (request.method === 'GET' && build.has(pathname)) event.respondWith(fileFor(request));
  // Subscriptions have a search part: their streams do not pass through here.
  else if (request.method === 'POST' && pathname === '/graphql' && search === '')
    event.respondWith(answerTo(event));
});

async function pageFor({ request, preloadResponse }: FetchEvent): Promise<Response> {
  const sent = async () => ((await preloadResponse) as Response | undefined) ?? fetch(request);
  return orKept(sent(), () => caches.match('/', { cacheName: pageFiles }));
}

/** What is kept, if there is no response or only one of a proxy that cannot reach the server. */
async function orKept(sent: Promise<Response>, kept: () => Promise<Response | undefined>): Promise<Response> {
  const response = await sent.catch(() => undefined);
  if (response && response.status !== 502 && response.status !== 504) return response;
  return (await kept()) ?? response ?? sent;
}

async function fileFor(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: pageFiles })) ?? fetch(request);
}

async function answerTo(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const body = await request.clone().text();
  const viewer = request.headers.get(viewerHeader);
  const isQuery = /^\{[^{]*"query":"\s*query\b/.test(body);
  if (!isQuery) {
    const changesPerson = /\bsign(In|Up|Out)\b/.test(body);
    if (changesPerson) await forget();
    const response = await fetch(request);
    if (changesPerson) await forget();
    return response;
  }
  const askedIn = era;
  const response = await orKept(fetch(request), () => keptFor(body, viewer));
  if (response.status === 401) await forget();
  else if (response.ok && !response.headers.has(keptAt))
    event.waitUntil(keep(response.clone(), body, { viewer, askedIn }));
  return response;
}

interface Answer {
  data?: { viewer?: { id?: string } | null } | null;
  errors?: unknown;
}

/** Responses to requests of an earlier era may be of the person before. */
let era = 0;

async function forget() {
  era += 1;
  await caches.delete(answers);
}

async function keep(
  response: Response,
  body: string,
  { viewer, askedIn }: { viewer: string | null; askedIn: number },
) {
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as Answer;
  if (errors || text.length > mostCharacters) return;
  const owner = await ownerOfAnswers();
  const signedIn = data?.viewer?.id ?? owner;
  if (signedIn === undefined || (viewer !== null && viewer !== signedIn)) return;
  if (signedIn !== owner) await caches.delete(answers);
  const cache = await caches.open(answers);
  // What is written to a deleted cache is not visible, so this is the last moment to look.
  if (askedIn !== era) return;
  if (signedIn !== owner) await cache.put(ownerKey, new Response(signedIn));
  const key = await keyOf(body);
  const headers = { 'content-type': 'application/json', [keptAt]: new Date().toISOString() };
  // Deleted first, so that keys are in the order of their age.
  await cache.delete(key);
  await cache.put(key, new Response(text, { headers }));
  const keys = (await cache.keys()).filter(({ url }) => !url.endsWith(ownerKey));
  await Promise.all(keys.slice(0, -mostAnswers).map((earlier) => cache.delete(earlier)));
}

async function keptFor(body: string, viewer: string | null): Promise<Response | undefined> {
  const owner = await ownerOfAnswers();
  if (owner === undefined || (viewer !== null && viewer !== owner)) return undefined;
  return caches.match(await keyOf(body), { cacheName: answers });
}

async function ownerOfAnswers(): Promise<string | undefined> {
  const kept = await caches.match(ownerKey, { cacheName: answers });
  return kept?.text();
}

async function keyOf(body: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
  return `/kept/${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
