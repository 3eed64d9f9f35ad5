import { describe, expect, it } from 'vitest';
import { keyFrom } from '../crypto/index.ts';
import { readNodeFile } from './node-file.ts';

const company = keyFrom(new Uint8Array(32).fill(9)).address;
const read = (telemetry: unknown, role = 'company') =>
  readNodeFile({ file: 'node.json', text: JSON.stringify({ role, name: 'A', company, telemetry }) });
const secret = { file: 'secret' };

describe('the section "telemetry"', () => {
  it('needs nothing said', () => {
    expect(read({})).toMatchObject({
      telemetry: {
        store: { kind: 'sqlite' },
        objects: { kind: 'folder' },
        batchMs: 1_000,
        anchorMs: 60_000,
        twins: ['*'],
        loopback: ['read', 'write'],
        tokens: [],
      },
    });
    expect(read(undefined)).not.toHaveProperty('telemetry.store');
  });

  it('takes PostgreSQL, a bucket, tokens and addresses', () => {
    const telemetry = {
      origin: 'plant-7.example/press',
      store: { kind: 'postgres', host: 'db.plant', database: 'plant', user: 'treadle', password: { variable: 'DB_PASSWORD' } },
      objects: {
        kind: 's3',
        endpoint: 'https://s3.plant',
        region: 'eu',
        bucket: 'log',
        accessKeyId: secret,
        secretAccessKey: secret,
      },
      tokens: [{ name: 'press', token: secret, may: ['write'], twins: ['press-*'] }],
      addresses: [{ address: '10.0.0.9', may: ['read'] }],
      retentionDays: 30,
      loopback: [],
    };
    expect(read(telemetry)).toMatchObject({ telemetry: { ...telemetry, store: { port: 5432, tls: true } } });
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a secret that stands in the file',
      { tokens: [{ name: 'a', token: 'abc', may: ['read'] }] },
      /"telemetry\.tokens\[0\]\.token"/,
    ],
    ['a token without a right', { tokens: [{ name: 'a', token: secret, may: [] }] }, /say what the token is for/],
    ['an address that is a name', { addresses: [{ address: 'plant', may: ['read'] }] }, /expected an IP address/],
    ['a store that does not exist', { store: { kind: 'mysql' } }, /"telemetry\.store/],
    ['a bucket by another way', { objects: { kind: 's3', endpoint: 'ftp://x' } }, /address of the service/],
    ['a batch that is too large', { batchReadings: 10_001 }, /"telemetry\.batchReadings"/],
    ['a wrong key', { anchorsMs: 1 }, /unknown key "telemetry\.anchorsMs", did you mean "anchorMs"/],
  ])('refuses %s', (_what, telemetry, message) => {
    expect(() => read(telemetry)).toThrow(message);
  });

  it('is not for devices, which keep no ledger', () => {
    const device = { latitude: 0, longitude: 0, maxPriceWei: '1' };
    const text = JSON.stringify({ role: 'device', name: 'D', company, device, telemetry: {} });
    expect(() => readNodeFile({ file: 'node.json', text })).toThrow(/unknown key "telemetry"/);
  });
});
