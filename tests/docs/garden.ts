import { widgetsOf } from '../../server/domain/dashboard-templates.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { REDIRECT_URI, requestOf } from '../kit/oauth.ts';
import { hashOfSecret, newSecret } from '../../server/secrets.ts';
import { offerShare, secretOf } from '../kit/shares.ts';
import { invite, teamOf } from '../kit/team.ts';
import { PASSWORD, type Person, type World } from '../kit/world.ts';

/** The names that the examples of the reference use for objects, by variable. */
const NAMED = {
  water: 'task_01m830p3k2fzxrg109ygm0tfp0',
  repot: 'task_01m830p3k3fzxrg10jktp6fxna',
  hedge: 'task_01m830p3k3fzxrg10jktp6fxnb',
  share: 'share_01m830p3k4fzxrg11ekxfvj5bw',
  offer: 'offer_01m830p3k4fzxrg11ekxfvj5bx',
  block: 'block_01m830p3k4fzxrg11ekxfvj5by',
  offerSecret: 'qT4vN8sYc2RkLw0XzB7hJ5mDf1GpUaE9oViCtHnKy6M',
  garden: 'team_01m830p3k4fzxrg11j6sapwh7n',
  kitchen: 'team_01m830p3k4fzxrg11wgsv2tw7b',
  gardener: 'member_01m830p3k4fzxrg1292qj90s5e',
  cook: 'member_01m830p3k4fzxrg12ph8bvbat7',
  secret: 'mCw6jPkbLMtHgE3M0-2xUuQe1PqLq4hXvWl3n7c9b0A',
  comment: 'comment_01m830p3k4fzxrg13dh6yd3f48',
  conversation: 'conversation_01m830p3k4fzxrg13pvbgeqs1k',
  offered: 'conversation_01m830p3k4fzxrg13pvbgeqs1m',
  talk: 'conversation_01m830p3k4fzxrg13pvbgeqs1n',
  asked: 'message_01m830p3k4fzxrg13pvbgeqs1p',
  apiToken: 'token_01m830p3k4fzxrg142r75w4xcf',
  session: 'session_01m830p3k4fzxrg142r75w4xcg',
  view: 'view_01m830p3k4fzxrg142r75w4xck',
  dashboard: 'dashboard_01m830p3k4fzxrg142r75w4xcm',
  webhook: 'webhook_01m830p3k4fzxrg142r75w4xch',
  delivery: 'delivery_01m830p3k4fzxrg142r75w4xcj',
  logCursor: 'NWE4ZjAzYzEuM2ZmLjJhLTF5',
  application: 'application_01m830p3k4fzxrg142r75w4xch',
  approval: 'approval_01m830p3k4fzxrg142r75w4xcj',
  run: 'run_01m830p3k4fzxrg142r75w4xck',
  parameters:
    'response_type=code&client_id=0193c5a0-1f00-7c3e-9a52-6d1f0b7e4a10&redirect_uri=http%3A%2F%2F127.0.0.1%3A5001%2Fcallback&scope=read+write&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&resource=https%3A%2F%2Ftasks.example.com%2Fmcp',
  grace: 'user_01m830p3k4fzxrg14ank158ssc',
  alan: 'user_01m830p3k4fzxrg14hkyfs840a',
  graceAddress: 'grace@example.com',
  alanAddress: 'alan@example.com',
  password: 'correct horse battery',
} as const;

type Thing = keyof typeof NAMED;

/** The name that an example uses for an object with an unknown name. */
const NEW = '01m830p3k4fzxrg158ksr0t4c2';
const MOMENT = '2030-05-17T09:30:00.000Z';

export interface Garden {
  /** The variables of an example, with the real ids and addresses. */
  really: (variables: unknown) => Record<string, unknown>;
  /** An answer with the names that the examples use, and with constants for values that differ each time. */
  asPrinted: (answer: unknown) => unknown;
}

export interface Gardeners {
  grace: Person;
  alan: Person;
  /** In no team with them. */
  ken: Person;
}

/** One after the other, since lists of people are in the order of sign-up. */
export async function gardenersIn({ people }: Pick<World, 'people'>): Promise<Gardeners> {
  return { ...(await people('Grace')), ...(await people('Alan')), ...(await people('Ken')) };
}

/** The objects that the examples refer to: three teams of Grace and Alan, tasks, offers, and what belongs to them. */
export async function plantGarden(
  { grace, alan, ken }: Gardeners,
  world: Pick<World, 'db' | 'url'>,
): Promise<Garden> {
  const { db } = world;
  const garden = await teamOf(grace, [[alan, 'MEMBER']]);
  const kitchen = await teamOf(alan, [[grace, 'MEMBER']]);
  const workshop = await teamOf(alan);
  const slug = `garden-${garden.id.slice(-12)}`;
  const rename = 'mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { cursor } }';
  const names = { garden: `Garden ${slug}`, kitchen: `Kitchen ${slug}`, workshop: `Workshop ${slug}` };
  await grace.query(rename, { input: { id: garden.id, name: names.garden, slug } });
  await alan.query(rename, { input: { id: kitchen.id, name: names.kitchen, slug: `kitchen-${slug}` } });
  await alan.query(rename, { input: { id: workshop.id, name: names.workshop } });

  const water = await grace.createTask('Water the plants', { labels: ['garden'], priority: 'HIGH' });
  const repot = await grace.createTask('Repot the ficus', { teamId: garden.id });
  const hedge = await grace.createTask('Trim the hedge');
  await grace.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: hedge });
  const made = await grace.query<{
    share: { share: { id: string } };
    comment: { comment: { id: string } };
    conversation: { conversation: { id: string } };
    apiToken: { apiToken: { id: string }; token: string };
  }>(
    `mutation ($task: ID!, $alan: ID!) {
       share: shareTask(input: { taskId: $task, userId: $alan, permission: VIEW }) { share { id } }
       comment: addComment(input: { taskId: $task, body: "Water from the barrel, please." }) { comment { id } }
       conversation: createConversation(input: { title: "Beds", participantIds: [$alan] }) { conversation { id } }
       apiToken: createApiToken(input: { name: "Calendar", scopes: [READ, WRITE] }) { apiToken { id } token }
     }`,
    { task: water, alan: alan.id },
  );
  const toGrace = await offerShare(ken, grace.email, await ken.createTask('Prune the roses'));
  const toKen = await offerShare(grace, ken.email, water);
  const { blockPerson } = await grace.query<{ blockPerson: { block: { id: string } } }>(
    'mutation ($userId: ID!) { blockPerson(input: { userId: $userId }) { block { id } } }',
    { userId: alan.id },
  );
  const conversation = made.conversation.conversation.id;
  const begin =
    'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { token } }';
  await grace.query(begin, { email: grace.email, password: PASSWORD });
  const { sessions } = await grace.query<{ sessions: { id: string; isCurrent: boolean }[] }>(
    '{ sessions { id isCurrent } }',
  );
  await alan.query(
    'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, content: "The beans are up." }) { cursor } }',
    { id: conversation },
  );

  const userId = uuidOf('User', grace.id);
  // A person can have 20, and each garden has one.
  await db.view.deleteMany({ where: { ownerId: userId } });
  const view = await db.view.create({
    data: {
      ownerId: userId,
      name: 'This week',
      filterText: 'is:open due:this-week',
      orderField: 'dueOn',
      orderDirection: 'asc',
      layout: 'LIST',
      position: 'a0',
    },
  });
  await db.customDashboard.deleteMany({ where: { ownerId: userId } });
  const widgets = widgetsOf('PERSONAL', null)
    .slice(0, 5)
    .map((widget, n) => ({ ...widget, key: `w${n}` }));
  const dashboard = await db.customDashboard.create({
    data: { ownerId: userId, name: 'My work', widgets, position: 'a0' },
  });
  await db.webhook.deleteMany({ where: { userId } });
  const receiver = { url: 'https://hooks.example.com/taskwire', secret: 'x', kinds: ['task.completed'] };
  const webhook = await db.webhook.create({ data: { ...receiver, userId } });
  const event = await db.event.findFirstOrThrow({ where: { subjectId: uuidOf('Task', water) } });
  const delivery = await db.webhookDelivery.create({
    data: {
      webhookId: webhook.id,
      kind: 'task.completed',
      eventSequence: event.sequence,
      transactionId: event.transactionId,
      status: 'DELIVERED',
      attempts: 1,
      responseStatus: 204,
    },
  });

  const offeredById = uuidOf('User', ken.id);
  const offered = await db.conversation.create({ data: { title: 'Compost', ownerId: offeredById } });
  await db.conversationParticipant.create({ data: { conversationId: offered.id, userId: offeredById } });
  await db.conversationOffer.create({
    data: { conversationId: offered.id, userId: uuidOf('User', grace.id), offeredById },
  });

  const { conversationId: talk, messageId: asked } = await askAssistant(db, userId, water);

  const client = { name: 'Garden planner', redirectUris: [REDIRECT_URI] };
  const { id: clientId } = await db.oauthClient.create({ data: client });
  const { parameters } = requestOf(world, clientId, { state: undefined });
  const expiresAt = new Date(Date.now() + 60 * 60_000);
  const application = await db.connectedApplication.create({
    data: {
      userId: uuidOf('User', grace.id),
      clientId,
      name: client.name,
      redirectUri: REDIRECT_URI,
      resource: 'MCP',
      scopes: ['READ', 'WRITE'],
      codeHash: hashOfSecret(newSecret()),
      codeChallenge: '',
      codeExpiresAt: expiresAt,
      expiresAt,
    },
  });

  const approval = await db.approval.create({
    data: {
      userId: uuidOf('User', grace.id),
      apiTokenId: uuidOf('ApiToken', made.apiToken.apiToken.id),
      verb: 'deleteTask',
      arguments: { id: repot },
      taskIds: [uuidOf('Task', repot)],
      taskVersions: [1],
      fingerprint: '',
      expiresAt,
    },
  });

  await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${made.apiToken.token}`,
      'taskwire-run': 'plan-2030-05-17',
    },
    body: JSON.stringify({
      query:
        'mutation ($id: ID!) { addComment(input: { taskId: $id, body: "Soil is in the shed." }) { cursor } }',
      variables: { id: repot },
    }),
  });
  const run = await db.agentRun.findFirstOrThrow({
    where: { userId },
    orderBy: { startedAt: 'desc' },
  });

  const real: Record<Thing, string> = {
    water,
    repot,
    hedge,
    share: made.share.share.id,
    offer: toKen.offer?.id ?? '',
    block: blockPerson.block.id,
    offerSecret: secretOf(toGrace.link),
    garden: garden.id,
    kitchen: kitchen.id,
    gardener: garden.memberships.get(alan.id) ?? '',
    cook: kitchen.memberships.get(grace.id) ?? '',
    secret: (await invite(alan, workshop.id, grace.email, 'MEMBER')).secret,
    comment: made.comment.comment.id,
    conversation,
    offered: publicId('Conversation', offered.id),
    talk: publicId('Conversation', talk),
    asked: publicId('Message', asked),
    apiToken: made.apiToken.apiToken.id,
    session: sessions.find(({ isCurrent }) => !isCurrent)?.id ?? '',
    view: publicId('View', view.id),
    dashboard: publicId('CustomDashboard', dashboard.id),
    webhook: publicId('Webhook', webhook.id),
    delivery: publicId('WebhookDelivery', delivery.id),
    logCursor: (await grace.query<{ cursor: string }>('{ cursor }')).cursor,
    application: publicId('ConnectedApplication', application.id),
    approval: publicId('Approval', approval.id),
    run: publicId('AgentRun', run.id),
    parameters,
    grace: grace.id,
    alan: alan.id,
    graceAddress: grace.email,
    alanAddress: alan.email,
    password: PASSWORD,
  };
  const pairs = (Object.keys(NAMED) as Thing[]).map((thing) => [NAMED[thing], real[thing]] as const);
  return {
    really: (variables) =>
      mapText(variables, (text) =>
        text === 'garden' ? slug : (pairs.find(([name]) => name === text)?.[1] ?? text),
      ) as Record<string, unknown>,
    asPrinted: (answer) =>
      mapText(answer, (text, key) => {
        // A cursor of an answer can be that of the example by chance.
        const name = pairs.find(([name, it]) => it === text && name !== NAMED.logCursor)?.[0];
        if (name) return name;
        if (/cursor$/i.test(key)) return 'b3BhcXVl…';
        if (text.startsWith('whsec_')) return 'whsec_…';
        if (key === 'token') return `${text.slice(0, 4)}…`;
        if (key === 'redirectUrl')
          return 'http://127.0.0.1:5001/callback?code=twc_…&iss=https%3A%2F%2Ftasks.example.com';
        if (key === 'refusalUrl')
          return 'http://127.0.0.1:5001/callback?error=access_denied&…&iss=https%3A%2F%2Ftasks.example.com';
        if (key === 'link') return `https://tasks.example.com/join#${NAMED.secret}`;
        if (/^\d{4}-\d\d-\d\dT/.test(text)) return MOMENT;
        if (/^[a-z]+_[0-9a-z]{26}$/.test(text)) return text.replace(/_.*/, `_${NEW}`);
        return text.replace(` ${slug}`, '').replace(`kitchen-${slug}`, 'kitchen').replace(slug, 'garden');
      }),
  };
}

/** A message to the assistant, which another server replies to for as long as the tests run. */
async function askAssistant(
  { conversation, message, assistantReply }: World['db'],
  userId: string,
  taskId: string,
) {
  const before = new Date(Date.now() - 60_000);
  const { id: conversationId } = await conversation.create({
    data: {
      title: 'Assistant',
      ownerId: userId,
      updatedAt: before,
      participants: { create: { userId } },
    },
  });
  const { id: messageId } = await message.create({
    data: {
      conversationId,
      authorId: userId,
      role: 'USER',
      content: 'What is due this week?',
      createdAt: before,
    },
  });
  return assistantReply.create({
    data: {
      conversationId,
      messageId,
      userId,
      replyId: newId(),
      leasedUntil: new Date(Date.now() + 60 * 60_000),
      toolCalls: [
        {
          id: '1',
          name: 'list_tasks',
          arguments: { filter: 'due:this-week is:open' },
          state: 'DONE',
          summary: 'Water the plants',
          tasks: [{ id: taskId, title: 'Water the plants' }],
        },
      ],
    },
  });
}

/** A value with each text replaced. */
function mapText(value: unknown, words: (text: string, key: string) => string, key = ''): unknown {
  if (typeof value === 'string') return words(value, key);
  if (Array.isArray(value)) return value.map((part) => mapText(part, words, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapText(part, words, name)]));
}
