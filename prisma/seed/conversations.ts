import { chance } from './chance.ts';
import { DAY, HOUR, MINUTE } from './calendar.ts';
import type { At, DemoEvent, DemoPerson, DemoPlan } from './demo.ts';
import type { NewEvent } from '../../server/log/catalogue.ts';

interface Script {
  title: string;
  /** Mailboxes; the first one starts the conversation. */
  people: readonly string[];
  /** Milliseconds between its start and now. */
  ago: number;
  lines: readonly (readonly [mailbox: string, text: string])[];
  /** The number of last messages that the owner of the printed account has not read. */
  unread: number;
}

export interface DemoConversation {
  conversation: { id: string; title: string; ownerId: string; createdAt: Date; updatedAt: Date };
  participants: { conversationId: string; userId: string; readTo: Date }[];
  messages: { id: string; conversationId: string; authorId: string; content: string; createdAt: Date }[];
  events: DemoEvent[];
}

const scripts: readonly Script[] = [
  {
    title: 'Release 4.4',
    people: ['priya', 'ada', 'lukas', 'tane'],
    ago: 2 * DAY,
    unread: 2,
    lines: [
      ['priya', 'I would like to release **4.4** on Thursday. What is still open?'],
      ['lukas', 'Two things from me:\n\n- [x] the migration, reviewed\n- [ ] the load test, running tonight'],
      ['tane', 'Translations are in. Te reo Māori is complete for the first time!'],
      [
        'ada',
        'Wonderful. I draft the release notes today. Lukas, can you send me the numbers of the load test?',
      ],
      ['lukas', 'You have them tomorrow at nine.'],
      ['lukas', 'Done: 1,200 requests a second, 95 % below 80 ms. No errors.'],
      ['priya', 'Then Thursday it is.'],
    ],
  },
  {
    title: 'Lunch on Friday',
    people: ['kwabena', 'ada', 'leila', 'zanele', 'siobhan'],
    ago: DAY,
    unread: 0,
    lines: [
      ['kwabena', 'The new place by the canal has a table for eight on Friday. Who comes?'],
      ['leila', 'I do!'],
      ['zanele', 'Me too, if there is something without nuts.'],
      ['kwabena', 'I asked: they can cook without nuts.'],
      ['ada', 'Count me in.'],
    ],
  },
  {
    title: 'Customer interviews',
    people: ['ada', 'chau', 'itzel'],
    ago: 6 * DAY,
    unread: 1,
    lines: [
      ['ada', 'We have six interviews next week. Could each of you take two?'],
      ['chau', 'Yes. I take the two in Hội An.'],
      ['itzel', 'And I take Oaxaca and Lima.'],
      ['ada', 'Then Lisbon and Tampere are mine. Thank you!'],
      ['itzel', 'The one in Lima asks for an hour later. I moved it.'],
    ],
  },
];

/** Conversations of the owner of the printed account, of which some messages are new. */
export function talk({ seed, now }: DemoPlan, people: readonly DemoPerson[]): DemoConversation[] {
  const ids = chance(seed, 'conversations');
  const named = (mailbox: string) =>
    people.find(({ email }) => email === `${mailbox}@demo.example`)?.id ?? '';
  return scripts.map(({ title, people: mailboxes, ago, lines, unread }) => {
    const createdAt = new Date(now.getTime() - ago);
    const id = ids.uuid(createdAt);
    const pause = Math.min(HOUR, (ago - 5 * MINUTE) / lines.length);
    const messages = lines.map(([mailbox, content], n) => {
      const sentAt = new Date(createdAt.getTime() + MINUTE + n * pause);
      return {
        id: ids.uuid(sentAt),
        conversationId: id,
        authorId: named(mailbox),
        content,
        createdAt: sentAt,
      };
    });
    const updatedAt = messages.at(-1)?.createdAt ?? createdAt;
    const ownerId = named(mailboxes[0] ?? '');
    const participants = mailboxes.map((mailbox) => {
      const last = mailbox === 'ada' ? messages.at(-1 - unread) : messages.at(-1);
      return { conversationId: id, userId: named(mailbox), readTo: last?.createdAt ?? createdAt };
    });
    const started: At<NewEvent<'conversation.created'>> = {
      at: createdAt,
      actorId: ownerId,
      kind: 'conversation.created',
      subjectId: id,
      data: { participants: participants.map(({ userId }) => userId), fingerprint: '' },
    };
    const sent = messages.map((message): At<NewEvent<'message.sent'>> => ({
      at: message.createdAt,
      actorId: message.authorId,
      kind: 'message.sent',
      subjectId: message.id,
      data: { conversationId: id, role: 'USER', fingerprint: '' },
    }));
    const conversation = { id, title, ownerId, createdAt, updatedAt };
    return { conversation, participants, messages, events: [started, ...sent] };
  });
}
