// What the portal's pages cost: the numbers page against its own JSON, and what a first visit transfers.
//   node bench/bench-pages.mjs [--short]
// Prints `name value ratio goal`, one line a measure; ends with 1 when a bound is broken. Needs the release build.
import { constants, brotliCompressSync } from 'node:zlib';
import { parseArgs } from 'node:util';
import { bearer, goals, median, say } from '../helpers/bench.mjs';
import { signInHttp } from '../helpers/http.mjs';
import { accountOf, pages } from '../helpers/pages.mjs';
import { startDemo } from '../helpers/server.mjs';
import { generator, load } from './load.mjs';

const { values: flags } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const SECONDS = flags.short ? 3 : 10;
const PAIRS = flags.short ? 3 : 5;
// Bounds of ARCHITECTURE.md.
const PAGE_OVER_JSON = 0.5;
const WASM_BYTES = 160_000;
const FIRST_LOAD_BYTES = 220_000;

const { end, judge, margin } = goals(flags.short);
const q11 = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;

/** Page and JSON in turn; the first pair warms up. Before that the JSON against itself: does the machine stand still enough? */
async function pageOverJson(server) {
  const { demo, url } = server;
  const slug = 'contoso';
  const cookie = await signInHttp(url, accountOf(demo, `tenant/admin@${slug}`));
  const tenant = demo.tenants.find((one) => one.slug === slug);
  const authorization = await bearer(url, demo.api_clients.find((one) => one.org_id === tenant.id));
  const page = [`${url}/t/${slug}/numbers`, { cookie, accept: 'text/html' }];
  const json = [`${url}/api/v1/tenant/numbers?limit=50`, { authorization, accept: 'application/json' }];

  const rows = (await (await fetch(page[0], { headers: page[1] })).text()).split('<tr').length - 2;
  const { data } = await (await fetch(json[0], { headers: json[1] })).json();
  if (rows !== 50 || data?.length !== 50) throw new Error(`50 rows are wanted, the page has ${rows} and the JSON ${data?.length}`);

  const [low, high] = flags.short ? [0.7, 1.4] : [0.9, 1.1];
  let quiet = false;
  for (let tries = 0; tries < 3 && !quiet; tries += 1) {
    await load(...json, 1);
    const self = (await load(...json, SECONDS)).perSecond / (await load(...json, SECONDS)).perSecond;
    say('json-over-itself', '-', self.toFixed(2), `${low}-${high}`);
    quiet = self >= low && self <= high;
  }

  const ratios = [];
  let last = {};
  let share = 0;
  await load(...page, SECONDS);
  await load(...json, SECONDS);
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const [ofPage, ofJson] = [await load(...page, SECONDS), await load(...json, SECONDS)];
    ratios.push(ofPage.perSecond / ofJson.perSecond);
    last = { page: ofPage.perSecond, json: ofJson.perSecond };
    share = Math.max(share, ofPage.share, ofJson.share);
  }
  const ratio = median(ratios);
  judge(!quiet || ratio >= PAGE_OVER_JSON * margin, 'numbers-page-over-json', `${last.page.toFixed(0)}/${last.json.toFixed(0)}_per_s`, ratio.toFixed(3), `>=${PAGE_OVER_JSON}`);
  say('numbers-page-over-json-range', '-', `${Math.min(...ratios).toFixed(3)}-${Math.max(...ratios).toFixed(3)}`, '-');
  say('generator', generator, share.toFixed(2), '<=0.4_of_the_machine');
  if (share > 0.4) console.log('The generator took more than 0.4 of the machine: the ratio is a floor or a ceiling, not a figure.');
  if (!quiet) console.log('noisy: the machine did not stand still, so the ratio is not judged');
}

/** Bytes of a page's own files, and of each file once. */
async function firstLoads(server) {
  const { demo, url } = server;
  const files = new Map();
  const cookies = new Map();
  const size = async (path) => {
    if (!files.has(path)) {
      const answer = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } });
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      files.set(path, { bytes: bytes.length, brotli: q11(bytes) });
    }
    return files.get(path).brotli;
  };
  let heaviest = { brotli: 0 };
  for (const entry of pages().filter((one) => !one.open && (one.role === '' || /\/admin@/.test(one.role)))) {
    if (entry.role && !cookies.has(entry.role)) cookies.set(entry.role, await signInHttp(url, accountOf(demo, entry.role)));
    const headers = { 'accept-encoding': 'identity', cookie: cookies.get(entry.role) ?? '' };
    const html = await (await fetch(url + entry.path, { headers })).text();
    const named = [...html.matchAll(/<(?:link|script|img)\b[^>]*\b(?:href|src)="(\/[^"]+)"/g)].map((match) => match[1]);
    let brotli = q11(Buffer.from(html));
    for (const path of new Set(named)) brotli += await size(path);
    if (brotli > heaviest.brotli) heaviest = { brotli, ...entry };
  }
  const [wasmPath, wasm] = [...files].find(([path]) => path.endsWith('.wasm')) ?? [];
  if (!wasm) throw new Error('no page asks for wasm');
  const wire = await fetch(url + wasmPath, { headers: { 'accept-encoding': 'br' } });
  say('wasm-as-sent', `${(await raw(url + wasmPath))}_B`, wire.headers.get('content-encoding') ?? 'identity', '-');
  judge(wasm.brotli <= WASM_BYTES, 'wasm-brotli', `${wasm.brotli}_B`, (wasm.brotli / WASM_BYTES).toFixed(2), `<=${WASM_BYTES}_B`);
  judge(heaviest.brotli <= FIRST_LOAD_BYTES, 'first-load-brotli', `${heaviest.brotli}_B`, (heaviest.brotli / FIRST_LOAD_BYTES).toFixed(2), `<=${FIRST_LOAD_BYTES}_B`);
  console.log(`heaviest first load: ${heaviest.path} for ${heaviest.role || 'anybody'}`);
}

/** Bytes on the wire for who takes brotli; `fetch` would unpack them. */
async function raw(address) {
  const { get } = await import('node:http');
  return new Promise((done, fail) => {
    get(address, { headers: { 'accept-encoding': 'br' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (part) => (bytes += part.length)).on('end', () => done(bytes));
    }).on('error', fail);
  });
}

const server = await startDemo({ own: true, args: ['--rate-limit', '1000000', '--quiet-operator'] });
try {
  await pageOverJson(server);
  await firstLoads(server);
} finally {
  await server.stop();
}
end();
