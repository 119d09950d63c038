import { isObject, type Json, type JsonObject } from '../../src/json.js';
import { mediaType } from '../../src/media-type.js';
import { ANSWERED, ContractSchemas, SENT, token } from './contract-schemas.js';

/** A request and its answer. */
export interface Exchange {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly requestHeaders: Headers;
  readonly requestBody: string | undefined;
  readonly status: number;
  readonly responseHeaders: Headers;
  readonly responseBody: string;
}

/** Headers that say something about the answer: the others are HTTP's own. */
const OURS = /^(x-|etag$|link$|location$|warning$|retry-after$|idempotent-|accept-p)/;
/** Of what is no route: it is answered, and no contract has it. */
const NOT_THERE = [404, 405, 406];

/** Whether what is said over HTTP is what the OpenAPI document says. */
export class ExchangeCheck {
  private readonly schemas: ContractSchemas;
  private readonly paths: readonly { readonly template: string; readonly pattern: RegExp }[];

  constructor(openapi: JsonObject) {
    this.schemas = new ContractSchemas(openapi);
    this.paths = Object.keys(openapi['paths'] as JsonObject).map((template) => ({ template, pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`) }));
  }

  /** What was refused may have been asked in any way: then only the answer is checked. @throws Error that says what does not fit. */
  check(exchange: Exchange): void {
    const { method, target, status } = exchange;
    const [path = '', query = ''] = target.split('?', 2);
    const what = `${method} ${target} → ${status}`;
    const place = `#/paths/${token(this.paths.find(({ pattern }) => pattern.test(path))?.template ?? '')}/${method.toLowerCase()}`;
    if (!isObject(this.schemas.at(place))) {
      if (!NOT_THERE.includes(status)) throw new Error(`${what}: the contract has no such operation`);
      this.schemas.check(what, '#/components/schemas/Error', parsed(exchange.responseBody), ANSWERED);
      return;
    }
    const selected = /(^|&)fields=/.test(query);
    this.checkAnswer(what, `${place}/responses/${status}`, exchange, selected);
    if (status < 400) this.checkRequest(what, place, exchange, query);
  }

  private checkAnswer(what: string, pointer: string, { responseHeaders, responseBody }: Exchange, selected: boolean): void {
    const answer = this.schemas.at(pointer);
    if (!isObject(answer)) throw new Error(`${what}: the contract has no such status`);
    const place = this.place(pointer);
    const headers = new Map(Object.keys((answer['headers'] ?? {}) as JsonObject).map((name) => [name.toLowerCase(), this.place(`${place}/headers/${token(name)}`)]));
    for (const [name, header] of headers) {
      const value = responseHeaders.get(name);
      if (value !== null) this.schemas.check(`${what}: ${name}`, `${header}/schema`, value, ANSWERED);
      else if ((this.schemas.at(header) as JsonObject)['required'] === true) throw new Error(`${what}: the header ${name} is missing`);
    }
    for (const [name] of responseHeaders) if (OURS.test(name) && !headers.has(name)) throw new Error(`${what}: the contract has no header ${name}`);

    const type = mediaType(responseHeaders.get('content-type') ?? undefined);
    if (!isObject(answer['content'])) {
      if (responseBody !== '') throw new Error(`${what}: the contract has no body`);
      return;
    }
    if (!Object.hasOwn(answer['content'], type)) throw new Error(`${what}: the contract has no body of type ${type}`);
    if (type.endsWith('json')) this.schemas.check(what, `${place}/content/${token(type)}/schema`, parsed(responseBody), { dates: 'answered', selected });
  }

  private checkRequest(what: string, place: string, { requestHeaders, requestBody }: Exchange, query: string): void {
    const operation = this.schemas.at(place) as JsonObject;
    const parameters = ((operation['parameters'] ?? []) as Json[]).map((_, index) => this.place(`${place}/parameters/${index}`));
    const byName = new Map(parameters.map((pointer) => [(this.schemas.at(pointer) as { name: string }).name.toLowerCase(), pointer]));
    const takesAny = byName.has('filter');
    for (const [name, text] of new URLSearchParams(query)) {
      const pointer = byName.get(name.toLowerCase());
      if (pointer === undefined && !takesAny) throw new Error(`${what}: the contract has no parameter ${name}`);
      if (pointer !== undefined) this.checkParameter(what, pointer, text);
    }
    for (const [name, text] of requestHeaders) {
      const pointer = byName.get(name);
      if (pointer !== undefined) this.checkParameter(what, pointer, text);
      else if (/^(x-|if-m|idempotency)/.test(name)) throw new Error(`${what}: the contract has no header ${name}`);
    }
    const content = (operation['requestBody'] as JsonObject | undefined)?.['content'];
    if (requestBody === undefined) return;
    const type = mediaType(requestHeaders.get('content-type') ?? undefined);
    if (!isObject(content) || !Object.hasOwn(content, type)) throw new Error(`${what}: the contract takes no body of type ${type}`);
    this.schemas.check(`${what}: its request`, `${place}/requestBody/content/${token(type)}/schema`, parsed(requestBody), SENT);
  }

  private checkParameter(what: string, pointer: string, text: string): void {
    const { name, schema } = this.schemas.at(pointer) as { name: string; schema: JsonObject };
    this.schemas.check(`${what}: ${name}`, `${this.place(pointer)}/schema`, schema['type'] === 'integer' ? Number(text) : text, SENT);
  }

  /** Where it is itself, if only a reference lies there. */
  private place(pointer: string): string {
    const found = pointer.slice(2).split('/').reduce<unknown>((value, name) => (value as JsonObject)[name.replaceAll('~1', '/').replaceAll('~0', '~')], this.schemas.document);
    return isObject(found) && typeof found['$ref'] === 'string' ? this.place(found['$ref']) : pointer;
  }
}

function parsed(body: string): unknown {
  return body === '' ? undefined : JSON.parse(body);
}
