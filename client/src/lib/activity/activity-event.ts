import { graphql } from '../../gql/gql.ts';

export const ActivityEvent_event = graphql(`
  fragment ActivityEvent_event on Event {
    id
    at
    kind
    actor {
      id
      name
    }
    through {
      kind
      name
      isApproved
    }
    person {
      id
      name
    }
    team {
      id
      name
      slug
    }
    task {
      id
      title
    }
    subject {
      __typename
      id
      ... on Conversation {
        title
      }
      ... on Message {
        conversation {
          id
          title
        }
      }
    }
    changes {
      field
      before
      after
      afterObject {
        __typename
        id
        ... on User {
          name
        }
        ... on Team {
          name
        }
      }
    }
    refusal {
      code
      operation
      times
    }
  }
`);
