// The machine contract, held against what the server really answers: a key that is missing, of another kind or in no schema is a fault.
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type Json = Record<string, any>;

/** One object of what is put together from parts, so that it can be said of the whole that it holds no other keys. */
function whole(document: Json, schema: Json): Json {
  const at = (place: string) => place.slice(2).split('/').reduce((value: Json, key) => value[key.replaceAll('~1', '/')], document);
  if (schema.$ref) return whole(document, at(schema.$ref));
  const parts: Json[] = (schema.allOf ?? []).map((part: Json) => whole(document, part));
  const { allOf: _, ...own } = schema;
  const all = [...parts, own];
  return {
    ...own,
    ...(parts.length > 0 && {
      type: 'object',
      properties: Object.assign({}, ...all.map((one) => one.properties)),
      required: all.flatMap((one) => one.required ?? []),
    }),
  };
}

/** Every plain object of a schema, closed to keys that it does not name. */
function closed(document: Json, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((one) => closed(document, one));
  if (typeof schema !== 'object' || schema === null) return schema;
  const one: Json = (schema as Json).allOf ? whole(document, schema as Json) : { ...schema };
  if (one.properties && one.additionalProperties === undefined) one.additionalProperties = false;
  return Object.fromEntries(Object.entries(one).map(([key, value]) => [key, closed(document, value)]));
}

export class Contract {
  private readonly ajv: Ajv2020;
  private readonly known = new Map<string, ValidateFunction>();

  constructor(readonly document: Json) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.ajv);
    this.ajv.addSchema(closed(document, document) as Json, 'contract');
  }

  private static readonly held = new Map<string, Promise<Contract>>();

  /** That of a server, read once. */
  static of(url: string): Promise<Contract> {
    const held = Contract.held.get(url) ?? fetch(`${url}/api/v1/openapi.json`).then(async (answer) => new Contract(await answer.json()));
    Contract.held.set(url, held);
    return held;
  }

  /** The path of the document that a real one is of: of those that fit, that with the fewest places. */
  template(method: string, path: string): string | undefined {
    const parts = path.split('?')[0].split('/');
    const fits = (known: string) => {
      const names = known.split('/');
      return names.length === parts.length && names.every((name, i) => name.startsWith('{') || name === parts[i]);
    };
    const places = (known: string) => known.split('{').length;
    return Object.keys(this.document.paths)
      .filter((known) => this.document.paths[known][method] && fits(known))
      .sort((a, b) => places(a) - places(b))[0];
  }

  /** Every path that can be read. */
  get reads(): string[] {
    return Object.keys(this.document.paths).filter((path) => this.document.paths[path].get);
  }

  /** What speaks against a JSON answer to a call, one line a fault; undefined when the document has no schema for it. */
  faults(method: string, path: string, status: number, body: unknown): string[] | undefined {
    const responses = this.document.paths[path]?.[method]?.responses;
    const held = responses?.[status]?.$ref?.slice(2).split('/') ?? ['paths', path, method, 'responses', String(status)];
    const answer = held.reduce((value: Json | undefined, key: string) => value?.[key], this.document);
    const media = ['application/json', 'application/problem+json'].find((name) => answer?.content?.[name]?.schema);
    return media && this.against([...held, 'content', media, 'schema'], body);
  }

  /** What speaks against a value of a named schema. */
  named(name: string, value: unknown): string[] {
    return this.against(['components', 'schemas', name], value);
  }

  private against(place: string[], value: unknown): string[] {
    const pointer = place.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    let check = this.known.get(pointer);
    if (!check) this.known.set(pointer, (check = this.ajv.compile({ $ref: `contract#/${pointer}` })));
    if (check(value)) return [];
    const lines = (check.errors ?? []).map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`);
    return [...new Set(lines.map((line) => line.replace(/\/\d+/g, '/#')))];
  }
}
