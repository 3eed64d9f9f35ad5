import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { certificateToJson, issueCertificate, type ObserverCertificate } from '../consortium/index.ts';
import { keccak256, keyFrom } from '../crypto/index.ts';
import type { LogFields, Logger } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { watchCertificateFile } from './certificate-file-watch.ts';

const [company, device] = ['company', 'device'].map((name) => keyFrom(keccak256(new TextEncoder().encode(name)))) as [
  ReturnType<typeof keyFrom>,
  ReturnType<typeof keyFrom>,
];
const EVERY_MS = 5;

let folder: string;
let file: string;
let stop: () => void;
let written = 0;
const taken: ObserverCertificate[] = [];
const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = [];
const note = (event: string, fields?: LogFields): void => void lines.push({ event, fields });
const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };

const certificate = (expiresAtSeconds: number) =>
  issueCertificate(
    { observer: device.address, role: 'device', expiresAtSeconds, serial: `0x${'01'.repeat(32)}`, chainId: 7 },
    company,
  );

/** Writes the file with a time of its own: two writes of one millisecond are two versions. */
async function write(text: string): Promise<void> {
  await writeFile(file, text);
  const at = 1_000_000 + written++;
  await utimes(file, at, at);
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (condition()) return;
    await delay(EVERY_MS);
  }
  throw new Error('it did not happen within 5 s');
}

beforeEach(async () => {
  taken.length = 0;
  lines.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'treadle-certificate-'));
  file = join(folder, 'certificate.json');
  await write(certificateToJson(certificate(1_000)));
  const node = {
    async renewCertificate(next: ObserverCertificate) {
      if (next.expiresAtSeconds < 1_000) throw new TreadleError('NODE_MISCONFIGURED', { detail: 'it ends too early' });
      taken.push(next);
    },
  };
  stop = watchCertificateFile(file, { node, log, everyMs: EVERY_MS });
});
afterEach(async () => {
  stop();
  await rm(folder, { recursive: true });
});

it('a later certificate that is put into the folder is taken over once; the one that was there is not news', async () => {
  await delay(20 * EVERY_MS);
  expect(taken).toEqual([]);
  await write(certificateToJson(certificate(2_000)));
  await until(() => taken.length > 0);
  await delay(20 * EVERY_MS);
  expect(taken).toEqual([certificate(2_000)]);
  expect(lines.map(({ event }) => event)).toEqual(['certificate.renewed']);
});

it('what cannot be used is said once, and the next version is read again', async () => {
  await write('{');
  await until(() => lines.length > 0);
  await delay(20 * EVERY_MS);
  expect(lines).toMatchObject([
    { event: 'certificate.not-renewed', fields: { reason: expect.stringMatching(/certificate\.json is not JSON/) } },
  ]);
  await write(certificateToJson(certificate(500)));
  await until(() => lines.length > 1);
  expect(String(lines[1]?.fields?.['reason'])).toContain('it ends too early');
  await write(certificateToJson(certificate(3_000)));
  await until(() => taken.length > 0);
  expect(taken[0]?.expiresAtSeconds).toBe(3_000);
});
