// Finds HTML that a browser would silently repair: after a repair the page is another one than the server wrote, and islands
// look for their places in vain. Reads the text itself, since a parsed document is repaired already.

const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));
const RAW = new Set(['script', 'style', 'textarea', 'title']);
// May end without an end tag; ours are always written with one, so they need no care here.
const BLOCK = new Set(
  'address article aside blockquote details dialog dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table ul'.split(' '),
);
const PARENTS = {
  tr: ['tbody', 'thead', 'tfoot'],
  td: ['tr'],
  th: ['tr'],
  tbody: ['table'],
  thead: ['table'],
  tfoot: ['table'],
  li: ['ul', 'ol'],
  dt: ['dl', 'div'],
  dd: ['dl', 'div'],
  option: ['select', 'optgroup', 'datalist'],
  summary: ['details'],
  legend: ['fieldset'],
};
const INTERACTIVE = new Set(['a', 'button', 'select', 'textarea', 'summary', 'label', 'input']);
const TAG = /<!--[\s\S]*?-->|<!doctype[^>]*>|<(\/?)([a-z][\w-]*)((?:\s+[^\s"'>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*(\/?)>/gi;

/**
 * What is wrong with the nesting of `html`, one line each; empty when nothing is.
 * @param {string} html
 * @returns {string[]}
 */
export function nesting(html) {
  const wrong = [];
  const open = [];
  const ids = new Map();
  const where = () => open.map((tag) => tag.name).join(' > ');
  for (TAG.lastIndex = 0; ; ) {
    const match = TAG.exec(html);
    if (!match) break;
    const [whole, end, rawName, attributes, selfClosed] = match;
    if (!rawName) continue;
    const name = rawName.toLowerCase();
    const inSvg = open.some((tag) => tag.name === 'svg');
    if (end) {
      const top = open.pop();
      if (top?.name !== name) {
        wrong.push(`</${name}> closes <${top?.name ?? 'nothing'}> in ${where()}`);
        return wrong; // From here on everything would be wrong.
      }
      continue;
    }
    const id = /\sid\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i.exec(attributes);
    if (id) {
      const value = id[1] ?? id[2] ?? id[3];
      if (ids.has(value)) wrong.push(`the id ${value} stands twice: ${ids.get(value)} and ${where()} > ${name}`);
      ids.set(value, `${where()} > ${name}`);
    }
    // What stands within a value is text.
    const named = attributes.replaceAll(/"[^"]*"|'[^']*'/g, '""');
    if (/\sstyle\s*=/i.test(named)) wrong.push(`inline style on ${where()} > ${name}`);
    if (/\son[a-z]+\s*=/i.test(named)) wrong.push(`inline handler on ${where()} > ${name}`);
    if (!inSvg) {
      const parent = open.filter((tag) => !tag.name.startsWith('leptos-')).at(-1)?.name;
      if (PARENTS[name] && !PARENTS[name].includes(parent)) wrong.push(`<${name}> in <${parent}>: ${where()}`);
      if (BLOCK.has(name) && open.some((tag) => tag.name === 'p')) wrong.push(`<${name}> inside of <p>: ${where()}`);
      if (name === 'form' && open.some((tag) => tag.name === 'form')) wrong.push(`<form> inside of <form>: ${where()}`);
      const outer = open.find((tag) => tag.name === 'a' || tag.name === 'button');
      if (outer && INTERACTIVE.has(name) && !(name === 'input' && /type="hidden"/.test(attributes))) {
        wrong.push(`<${name}> inside of <${outer.name}>: ${where()}`);
      }
      if (['ul', 'ol', 'table', 'tr', 'tbody', 'thead', 'tfoot', 'dl', 'select'].includes(parent)) {
        const only = { ul: ['li'], ol: ['li'], table: ['caption', 'colgroup', 'thead', 'tbody', 'tfoot'], tr: ['td', 'th'], tbody: ['tr'], thead: ['tr'], tfoot: ['tr'], dl: ['dt', 'dd', 'div'], select: ['option', 'optgroup', 'hr', 'button'] }[parent];
        if (!only.includes(name) && !name.startsWith('leptos-') && name !== 'template' && name !== 'script') wrong.push(`<${name}> directly in <${parent}>: ${where()}`);
      }
    }
    if (VOID.has(name) || (selfClosed && inSvg) || (selfClosed && name === 'svg')) continue;
    if (RAW.has(name) && !inSvg) {
      const close = html.toLowerCase().indexOf(`</${name}`, TAG.lastIndex);
      if (close < 0) {
        wrong.push(`<${name}> is not closed`);
        return wrong;
      }
      TAG.lastIndex = html.indexOf('>', close) + 1;
      continue;
    }
    open.push({ name, whole });
  }
  if (open.length) wrong.push(`not closed: ${where()}`);
  return wrong;
}
