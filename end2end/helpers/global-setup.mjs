// Before all specs: one demo server for the run. After them it is stopped and its data deleted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemo } from './server.mjs';

export default async function setup() {
  const server = await startDemo();
  process.env.CONCORD_URL = server.url;
  process.env.CONCORD_DATA_DIR = server.dataDir;
  // What a test takes for itself is noted here, so that no other takes it as well (see claim.ts).
  const claims = mkdtempSync(join(tmpdir(), 'concord-claims-'));
  process.env.CONCORD_CLAIMS = claims;
  return async () => {
    rmSync(claims, { recursive: true, force: true });
    await server.stop();
  };
}
