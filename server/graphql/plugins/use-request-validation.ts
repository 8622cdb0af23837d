import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { DEEPEST_JSON, isTooDeep } from '../../limits/json-depth.ts';

/** Accepts POST only with JSON: browsers send other types cross-origin without a preflight request. */
export function useRequestValidation(): Plugin {
  return {
    onRequestParse({ request, url, requestParser, setRequestParser }) {
      if (request.method === 'POST' && !isJson(request.headers.get('content-type'))) {
        throw refused(415, 'Send the operation as JSON, with the header "Content-Type: application/json".');
      }
      if (requestParser && request.method === 'POST') {
        setRequestParser((sent) => {
          sent.json = async () => readJson(await sent.text());
          return requestParser(sent);
        });
      }
      for (const parameter of ['variables', 'extensions']) {
        const value = url.searchParams.get(parameter);
        if (value && isTooDeep(value)) throw tooDeep();
        if (value && !canParse(value)) throw refused(400, `The parameter "${parameter}" is not valid JSON.`);
      }
    },
  };
}

function isJson(contentType: string | null): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function readJson(text: string): unknown {
  if (isTooDeep(text)) throw tooDeep();
  return JSON.parse(text);
}

function tooDeep() {
  return refused(400, `The JSON of a request can be nested at most ${DEEPEST_JSON} levels deep.`);
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
