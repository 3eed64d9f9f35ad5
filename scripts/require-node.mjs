// Run before the npm scripts: says in one line what to do when Node is too old, instead of a syntax error.
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const { isNewEnough, tooOld } = createRequire(import.meta.url)('../bin/pinned-node.js');
if (!isNewEnough(process.version)) {
  console.error(tooOld(resolve(dirname(fileURLToPath(import.meta.url)), '..')));
  process.exit(1);
}
