import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildLight } from '../scripts/build-light.ts';
import { BLS_SUITE } from '../src/crypto/index.ts';

it('the light node for browsers carries no pairing curve', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'treadle-light-bundle-'));
  try {
    const code = readFileSync(await buildLight(folder), 'utf8');
    // The name of the ciphersuite, the modulus of the curve's field, the start of mcl's WebAssembly.
    for (const trace of [BLS_SUITE, '1a0111ea397fe69a4b1ba7b6434bacd7', 'AGFzbQEAAAABdBBgBH9', 'mclBn']) {
      expect([trace, code.includes(trace)]).toEqual([trace, false]);
    }
    expect(code.length).toBeLessThan(300_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
