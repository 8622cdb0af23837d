import type { Prisma, TeamRole } from '../../../prisma/generated/client/client.ts';
import type { Database } from '../../../server/database/client.ts';
import { endOfList } from '../../../server/domain/task-position.ts';
import { widgetsOf } from '../../../server/domain/dashboard-templates.ts';
import { inTransaction } from '../../../server/database/transaction.ts';
import { newId } from '../../../server/ids.ts';
import { copyToTrash } from '../../../server/sql/trash.ts';

interface Rows {
  user: Prisma.UserCreateManyInput[];
  team: Prisma.TeamCreateManyInput[];
  membership: Prisma.MembershipCreateManyInput[];
  teamInvitation: Prisma.TeamInvitationCreateManyInput[];
  task: Prisma.TaskCreateManyInput[];
  taskShare: Prisma.TaskShareCreateManyInput[];
  shareOffer: Prisma.ShareOfferCreateManyInput[];
  block: Prisma.BlockCreateManyInput[];
  comment: Prisma.CommentCreateManyInput[];
  conversation: Prisma.ConversationCreateManyInput[];
  conversationParticipant: Prisma.ConversationParticipantCreateManyInput[];
  conversationOffer: Prisma.ConversationOfferCreateManyInput[];
  assistantReply: Prisma.AssistantReplyCreateManyInput[];
  message: Prisma.MessageCreateManyInput[];
  apiToken: Prisma.ApiTokenCreateManyInput[];
  connectedApplication: Prisma.ConnectedApplicationCreateManyInput[];
  approval: Prisma.ApprovalCreateManyInput[];
  agentRun: Prisma.AgentRunCreateManyInput[];
  session: Prisma.SessionCreateManyInput[];
  view: Prisma.ViewCreateManyInput[];
  customDashboard: Prisma.CustomDashboardCreateManyInput[];
  webhook: Prisma.WebhookCreateManyInput[];
  webhookDelivery: Prisma.WebhookDeliveryCreateManyInput[];
  event: Prisma.EventCreateManyInput[];
}

type Given<Table extends keyof Rows, Left extends string> = Omit<Rows[Table][number], Left | 'id'>;

const LARGEST_INSERT = 500;
const A_WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** Collects the rows of many subjects, and writes them in one go. Each method returns the new row's id. */
export class Stage {
  readonly #rows: Rows = {
    user: [],
    team: [],
    membership: [],
    teamInvitation: [],
    task: [],
    taskShare: [],
    shareOffer: [],
    block: [],
    comment: [],
    conversation: [],
    conversationParticipant: [],
    conversationOffer: [],
    assistantReply: [],
    message: [],
    apiToken: [],
    connectedApplication: [],
    approval: [],
    agentRun: [],
    session: [],
    view: [],
    customDashboard: [],
    webhook: [],
    webhookDelivery: [],
    event: [],
  };

  readonly #trashed: string[] = [];

  user(name: string, email: string): string {
    const id = newId();
    this.#rows.user.push({ id, name, email, updatedAt: new Date() });
    return id;
  }

  team(name: string): string {
    const id = newId();
    this.#rows.team.push({ id, name, slug: name });
    return id;
  }

  member(teamId: string, userId: string, role: TeamRole): string {
    const id = newId();
    this.#rows.membership.push({ id, teamId, userId, role });
    return id;
  }

  invitation(invitation: Given<'teamInvitation', 'expiresAt'>): string {
    const id = newId();
    this.#rows.teamInvitation.push({ id, expiresAt: new Date(Date.now() + A_WEEK_MS), ...invitation });
    return id;
  }

  task(task: Given<'task', 'position'>): string {
    const id = newId();
    const position = endOfList(new Date(Date.now() + this.#rows.task.length));
    this.#rows.task.push({ id, position, ...task });
    return id;
  }

  /** A task that is deleted when everything is written, with what hangs below it. */
  trash(task: string): void {
    this.#trashed.push(task);
  }

  share(share: Given<'taskShare', never>): string {
    const id = newId();
    this.#rows.taskShare.push({ id, ...share });
    return id;
  }

  offer(offer: Given<'shareOffer', 'expiresAt'>): string {
    const id = newId();
    this.#rows.shareOffer.push({ id, expiresAt: new Date(Date.now() + A_WEEK_MS), ...offer });
    return id;
  }

  block(blockerId: string, blockedId: string): string {
    const id = newId();
    this.#rows.block.push({ id, blockerId, blockedId });
    return id;
  }

  comment(comment: Given<'comment', never>): string {
    const id = newId();
    this.#rows.comment.push({ id, ...comment });
    return id;
  }

  conversation(ownerId: string, title: string, others: readonly string[]): string {
    const conversationId = newId();
    this.#rows.conversation.push({ id: conversationId, ownerId, title });
    for (const userId of [ownerId, ...others])
      this.#rows.conversationParticipant.push({ conversationId, userId });
    return conversationId;
  }

  conversationOffer(conversationId: string, userId: string, offeredById: string): void {
    this.#rows.conversationOffer.push({ conversationId, userId, offeredById });
  }

  /** From before the minute in which messages to the assistant are counted. */
  failedReply(conversationId: string, messageId: string, userId: string): void {
    this.#rows.assistantReply.push({
      conversationId,
      messageId,
      userId,
      replyId: newId(),
      state: 'FAILED',
      error: { code: 'MODEL_FAILED', message: 'x' },
      createdAt: new Date(Date.now() - 60 * 60_000),
    });
  }

  message(conversationId: string, authorId: string, content: string): string {
    const id = newId();
    this.#rows.message.push({ id, conversationId, authorId, role: 'USER', content });
    return id;
  }

  apiToken(userId: string, name: string): string {
    const id = newId();
    this.#rows.apiToken.push({ id, userId, name, hash: Buffer.from(id), scopes: ['READ'] });
    return id;
  }

  connectedApplication(userId: string, name: string): string {
    const id = newId();
    const expiresAt = new Date(Date.now() + A_WEEK_MS);
    this.#rows.connectedApplication.push({
      id,
      userId,
      name,
      clientId: newId(),
      redirectUri: 'http://127.0.0.1/callback',
      resource: 'MCP',
      scopes: ['READ'],
      codeHash: Buffer.from(id),
      codeChallenge: '',
      codeExpiresAt: expiresAt,
      expiresAt,
    });
    return id;
  }

  approval(userId: string, apiTokenId: string, email: string): string {
    const id = newId();
    this.#rows.approval.push({
      id,
      userId,
      apiTokenId,
      verb: 'shareTask',
      arguments: { email },
      taskIds: [],
      taskVersions: [],
      fingerprint: id,
      expiresAt: new Date(Date.now() + A_WEEK_MS),
    });
    return id;
  }

  agentRun(userId: string, name: string): string {
    const id = newId();
    this.#rows.agentRun.push({ id, userId, kind: 'API_TOKEN', name });
    return id;
  }

  session(userId: string, userAgent: string): string {
    const id = newId();
    const expiresAt = new Date(Date.now() + A_WEEK_MS);
    this.#rows.session.push({ id, userId, userAgent, token: id, expiresAt });
    return id;
  }

  view(owner: { ownerId: string } | { teamId: string }, name: string, filterText: string): string {
    const id = newId();
    const order = { orderField: 'createdAt', orderDirection: 'desc', layout: 'LIST', position: 'a0' };
    this.#rows.view.push({ id, name, filterText, ...order, ...owner, updatedAt: new Date() });
    return id;
  }

  dashboard(owner: { ownerId: string } | { teamId: string }, name: string): string {
    const id = newId();
    const widgets = widgetsOf('PERSONAL', 'teamId' in owner ? owner.teamId : null) as object[];
    this.#rows.customDashboard.push({ id, name, widgets, position: 'a0', ...owner, updatedAt: new Date() });
    return id;
  }

  /** Disabled, so that nothing is sent. */
  webhook(userId: string, teamId: string | null, description: string): { webhook: string; delivery: string } {
    const webhook = newId();
    const delivery = newId();
    const url = 'https://receiver.example.com/';
    this.#rows.webhook.push({
      id: webhook,
      userId,
      teamId,
      url,
      description,
      secret: description,
      disabledReason: 'BY_PERSON',
    });
    this.#rows.webhookDelivery.push({ id: delivery, webhookId: webhook, cause: 'TEST', status: 'DELIVERED' });
    return { webhook, delivery };
  }

  event(event: Given<'event', 'sequence'>): void {
    this.#rows.event.push(event);
  }

  async write(db: Database): Promise<void> {
    const rows = this.#rows;
    // In this order, every row finds the rows that it refers to.
    for (const data of portions(rows.user)) await db.user.createMany({ data });
    for (const data of portions(rows.team)) await db.team.createMany({ data });
    for (const data of portions(rows.membership)) await db.membership.createMany({ data });
    for (const data of portions(rows.teamInvitation)) await db.teamInvitation.createMany({ data });
    for (const data of portions(rows.task)) await db.task.createMany({ data });
    for (const data of portions(rows.taskShare)) await db.taskShare.createMany({ data });
    for (const data of portions(rows.shareOffer)) await db.shareOffer.createMany({ data });
    for (const data of portions(rows.block)) await db.block.createMany({ data });
    for (const data of portions(rows.comment)) await db.comment.createMany({ data });
    for (const data of portions(rows.conversation)) await db.conversation.createMany({ data });
    for (const data of portions(rows.conversationParticipant))
      await db.conversationParticipant.createMany({ data });
    for (const data of portions(rows.conversationOffer)) await db.conversationOffer.createMany({ data });
    for (const data of portions(rows.message)) await db.message.createMany({ data });
    for (const data of portions(rows.assistantReply)) await db.assistantReply.createMany({ data });
    for (const data of portions(rows.apiToken)) await db.apiToken.createMany({ data });
    for (const data of portions(rows.connectedApplication))
      await db.connectedApplication.createMany({ data });
    for (const data of portions(rows.approval)) await db.approval.createMany({ data });
    for (const data of portions(rows.agentRun)) await db.agentRun.createMany({ data });
    for (const data of portions(rows.session)) await db.session.createMany({ data });
    for (const data of portions(rows.view)) await db.view.createMany({ data });
    for (const data of portions(rows.customDashboard)) await db.customDashboard.createMany({ data });
    for (const data of portions(rows.webhook)) await db.webhook.createMany({ data });
    for (const data of portions(rows.webhookDelivery)) await db.webhookDelivery.createMany({ data });
    for (const data of portions(rows.event)) await db.event.createMany({ data });
    for (const ids of portions(this.#trashed))
      await inTransaction(db, async (tx) => {
        await copyToTrash(tx, { userId: rows.task.find(({ id }) => id === ids[0])?.ownerId ?? '' }, ids);
        await tx.task.deleteMany({ where: { id: { in: ids } } });
      });
  }
}

function* portions<Row>(rows: readonly Row[]): Generator<Row[]> {
  for (let i = 0; i < rows.length; i += LARGEST_INSERT) yield rows.slice(i, i + LARGEST_INSERT);
}
