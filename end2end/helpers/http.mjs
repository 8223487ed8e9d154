// Pages without a browser: signing in by the form, and pages and their links read as text. For what a browser adds nothing to.

/** Signs in by the form; gives the cookies. */
export async function signInHttp(base, { email, password }) {
  const form = await (await fetch(`${base}/sign-in`)).text();
  const action = [...form.matchAll(/<form[^>]*action="([^"]+)"/g)].map((match) => match[1]).find((path) => path.includes('sign_in'));
  const answer = await fetch(base + action, {
    method: 'POST',
    body: new URLSearchParams({ email, password, next: '' }),
    headers: { accept: 'text/html', origin: base, 'sec-fetch-site': 'same-origin' },
    redirect: 'manual',
  });
  const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  if (!cookie) throw new Error(`signing in answered ${answer.status} without a cookie`);
  return cookie;
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const text = (html) => html.replaceAll(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, dec, name) => (name ? NAMED[name] ?? whole : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(dec))));

/**
 * The links of a page in their order.
 * @param {string} html
 * @returns {{href: string, classes: string[]}[]}
 */
export function links(html) {
  return [...html.matchAll(/<a\b((?:\s+[^\s"'>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*>/gi)].flatMap(([, attributes]) => {
    const value = (name) => new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(attributes)?.slice(1).find((one) => one !== undefined);
    const href = value('href');
    return href === undefined ? [] : [{ href: text(href), classes: (value('class') ?? '').split(/\s+/) }];
  });
}

/** The first link of `main` that fits a selector of pages.json: `main a.CLASS`, `main a[href$="END"]` or `main a[href*="PART"]`. */
function pick(html, selector) {
  const [, className, end, part] = /^main a(?:\.([\w-]+)|\[href\$="([^"]+)"\]|\[href\*="([^"]+)"\])$/.exec(selector) ?? [];
  if (!className && !end && !part) throw new Error(`cannot read the selector ${selector}`);
  return links(html.slice(html.indexOf('<main'), html.lastIndexOf('</main>'))).find((link) => (className ? link.classes.includes(className) : end ? link.href.endsWith(end) : link.href.includes(part)))?.href;
}

/**
 * The page of an entry of pages.json as its text, the way `openPage` gets there.
 * @returns {Promise<{status: number, html: string, path: string}>}
 */
export async function readPage(base, entry, cookie) {
  const get = async (path) => {
    const answer = await fetch(base + path, { headers: { accept: 'text/html', 'accept-language': 'en-GB', ...(cookie ? { cookie } : {}) } });
    return { status: answer.status, html: await answer.text(), path };
  };
  let page = await get(entry.path);
  for (const selector of [entry.open ?? []].flat()) {
    const href = pick(page.html, selector);
    if (!href) throw new Error(`${entry.name}: nothing fits ${selector} on ${page.path}`);
    page = await get(href);
  }
  return page;
}
