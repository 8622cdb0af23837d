// The dashboard is one static page: the server only ever hands out files and answers GraphQL.
export const ssr = false;
export const prerender = false;
