import type { Client, CombinedError } from '@urql/core';
import { graphql } from '../../gql/gql.ts';

const AcceptShare = graphql(`
  mutation AcceptShare($input: AcceptShareInput!) {
    acceptShare(input: $input) {
      share {
        id
      }
    }
  }
`);

const RefuseShare = graphql(`
  mutation RefuseShare($input: RefuseShareInput!) {
    refuseShare(input: $input) {
      refusedShareOfferId
    }
  }
`);

const BlockPerson = graphql(`
  mutation BlockPerson($input: BlockPersonInput!) {
    blockPerson(input: $input) {
      block {
        id
      }
    }
  }
`);

export type OfferAnswer = 'accept' | 'refuse' | 'block';

/** An offer by id, or by the secret of its link. */
export type OfferReference = { id: string } | { secret: string };

/** The types that an answer can change. */
const changed = { additionalTypenames: ['Task', 'TaskShare', 'ShareOffer', 'Block'] };

/** Accepts or refuses a share offer, or blocks its sender. */
export async function answerOffer(
  client: Client,
  answer: OfferAnswer,
  reference: OfferReference,
): Promise<CombinedError | undefined> {
  const input = reference;
  const named = 'id' in reference ? { offerId: reference.id } : reference;
  const { error } = await (answer === 'accept'
    ? client.mutation(AcceptShare, { input }, changed)
    : answer === 'refuse'
      ? client.mutation(RefuseShare, { input }, changed)
      : client.mutation(BlockPerson, { input: named }, changed));
  return error;
}

export function answeredWords(
  answer: OfferAnswer,
  { title, sender }: { title: string; sender: string },
): string {
  if (answer === 'accept') return `“${title}” is now shared with you`;
  return answer === 'refuse' ? `Declined “${title}”` : `Blocked ${sender}`;
}
