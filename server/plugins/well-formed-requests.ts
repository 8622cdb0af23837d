import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Takes operations by POST as JSON only, since a browser sends any other type to another origin without asking
 * that origin first; and by GET only with parameters that can be read.
 */
export function wellFormedRequests(): Plugin {
  return {
    onRequestParse({ request, url }) {
      if (request.method === 'POST' && !isJson(request.headers.get('content-type'))) {
        throw refused(415, 'Send the operation as JSON, with the header "Content-Type: application/json".');
      }
      for (const parameter of ['variables', 'extensions']) {
        const value = url.searchParams.get(parameter);
        if (value && !canParse(value)) throw refused(400, `The parameter "${parameter}" is not valid JSON.`);
      }
    },
  };
}

function isJson(contentType: string | null): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function canParse(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

function refused(status: number, sentence: string) {
  return new GraphQLError(sentence, { extensions: { code: 'BAD_USER_INPUT', http: { status } } });
}
