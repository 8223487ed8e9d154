// The machine API as a client of an organisation calls it: a token by client credentials, JSON in and out.
import type { Demo, OrgKind } from './index';
import { claim } from './claim';
import { Contract } from './contract';

export interface Answer<T = any> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

export interface Call {
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: string;
  headers?: Record<string, string>;
  token?: string | null;
}

export interface NumberLine {
  e164: string;
  version: number;
  number_seq: number;
  assignment_status: string;
  activation_state: string;
  operator_id: string;
  country: string;
  usage: string;
}

export interface Target {
  id: string;
  kind: string;
  display_name: string;
  upn: string | null;
  usage_location: string | null;
  licensed: boolean;
  /** The primary number. */
  e164: string | null;
  numbers: number;
}

/** One API client of the demo. */
export class Api {
  private token: Promise<string> | undefined;

  constructor(
    readonly url: string,
    readonly client: Demo['api_clients'][number],
  ) {}

  /** The client of an operator or tenant by its slug. */
  static of(demo: Demo, kind: OrgKind, slug?: string): Api {
    const orgs: { id: string; slug: string }[] = kind === 'tenant' ? demo.tenants : demo.operators;
    const id = orgs.find((org) => org.slug === slug)?.id;
    const client = demo.api_clients.find((c) => c.org_kind === kind && (kind === 'platform' || c.org_id === id));
    if (!client) throw new Error(`demo.json has no API client of ${kind} ${slug ?? ''}`);
    return new Api(demo.base_url, client);
  }

  bearer(): Promise<string> {
    this.token ??= askToken(this.url, this.client.client_id, this.client.client_secret).then((answer) => answer.body.access_token);
    return this.token;
  }

  async call<T = any>(method: string, path: string, { body, raw, headers, token }: Call = {}): Promise<Answer<T>> {
    const bearer = token === undefined ? await this.bearer() : token;
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const told = await answer(response);
    await this.held(method.toLowerCase(), path, told);
    return told;
  }

  /** Whatever is asked in a test: the answer is what the document says of it, as far as it says something. */
  private async held(method: string, path: string, { status, body }: Answer): Promise<void> {
    const contract = await Contract.of(this.url);
    const template = contract.template(method, path);
    const faults = body === null || !template ? [] : contract.faults(method, template, status, body);
    if (faults?.length) throw new Error(`${method} ${path} answers ${status} unlike the document: ${faults.join('; ')}\n${JSON.stringify(body).slice(0, 2_000)}`);
  }

  get<T = any>(path: string, call: Call = {}): Promise<Answer<T>> {
    return this.call('GET', path, call);
  }

  post<T = any>(path: string, body: unknown, call: Call = {}): Promise<Answer<T>> {
    return this.call('POST', path, { ...call, body });
  }

  /** The same, for calls that must work. */
  async ok<T = any>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, body: out, text } = await this.call<T>(method, path, { body });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return out;
  }
}

async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  let body: unknown = null;
  if (/^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')) body = JSON.parse(text);
  return { status: response.status, headers: response.headers, body, text };
}

/** `POST /oauth/token` by client_secret_post. */
export async function askToken(url: string, id: string, secret: string, more: Record<string, string> = {}): Promise<Answer> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret, ...more });
  return answer(await fetch(`${url}/oauth/token`, { method: 'POST', body: form }));
}

/** A number of the tenant that can be assigned, for this test alone. `q`: first digits, with `+`. */
export async function freeNumber(tenant: Api, q: string): Promise<NumberLine> {
  const list = await tenant.ok<{ data: NumberLine[] }>('GET', `/tenant/numbers?state=free&limit=200&q=${encodeURIComponent(q)}`);
  const data = list.data.filter((n) => n.usage === 'user');
  for (;;) {
    const number = claim('number', data, (n) => n.e164);
    // The list calls free what is kept for somebody as well.
    if (!(await tenant.ok<{ reserved: string | null }>('GET', `/tenant/numbers/${number.e164}`)).reserved) return number;
  }
}

/** A licensed person without a number who is at home in `country`, for this test alone. */
export async function freePerson(tenant: Api, country: string): Promise<Target> {
  const all: Target[] = [];
  for (let path: string | null = '/tenant/targets?kind=user&limit=1000'; path; ) {
    const page: { data: Target[]; next_cursor: string | null } = await tenant.ok('GET', path);
    all.push(...page.data);
    path = page.next_cursor ? `/tenant/targets?kind=user&limit=1000&cursor=${encodeURIComponent(page.next_cursor)}` : null;
  }
  const named = new Map<string, number>();
  for (const { display_name } of all) named.set(display_name, (named.get(display_name) ?? 0) + 1);
  const fit = all.filter((t) => t.licensed && t.usage_location === country && !t.e164 && !t.numbers && named.get(t.display_name) === 1);
  return claim('target', fit, (t) => t.id);
}

/** Asks again until `done` says so; 20 s at most. */
export async function until<T>(ask: () => Promise<T>, done: (value: T) => boolean, what: string, ms = 20_000): Promise<T> {
  let last: T | undefined;
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((go) => setTimeout(go, 200))) {
    last = await ask();
    if (done(last)) return last;
  }
  throw new Error(`${what} did not come about within ${ms / 1000} s; last: ${JSON.stringify(last)?.slice(0, 600)}`);
}
