// Things of the demo that a test takes for itself. Tests run side by side in several processes and share one server: what one
// has claimed, no other gets.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

function takes(key: string): boolean {
  const dir = process.env.CONCORD_CLAIMS;
  if (!dir) throw new Error('CONCORD_CLAIMS is not set: run through playwright');
  try {
    mkdirSync(join(dir, key.replaceAll(/[^\w.-]/g, '_')));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The first of `items` that no test has claimed yet. */
export function claim<T>(kind: string, items: T[], key: (item: T) => string): T {
  const found = items.find((item) => takes(`${kind}-${key(item)}`));
  if (found === undefined) throw new Error(`no unclaimed ${kind} among ${items.length}`);
  return found;
}
