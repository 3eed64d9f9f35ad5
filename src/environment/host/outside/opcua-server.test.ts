import { join } from 'node:path';
import { setErrorLogger, setWarningLogger } from 'node-opcua-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpcUaSource } from '../../outside.ts';
import { plainValue } from './opcua-value.ts';
import { type OpcUaPlant, startPlant } from './testing/opcua-plant.ts';
import { type OutsideBench, openBench } from './testing/outside-bench.ts';

/** The server keeps a clock of its own beside the system's. */
const CLOCK_MS = 10;

describe('an OPC UA variable, read from a server', () => {
  let plant: OpcUaPlant;
  let bench: OutsideBench;
  const variable = (name: string, endpoint = plant.endpoint): OpcUaSource => ({
    kind: 'opcua',
    endpoint,
    nodeId: `ns=1;s=${name}`,
  });
  const failure = (source: OpcUaSource, options = {}) => bench.read(source, options).catch((error: unknown) => error);

  beforeAll(async () => {
    setWarningLogger(() => {});
    setErrorLogger(() => {});
    plant = await startPlant();
    bench = await openBench({ opcua: { [plant.endpoint]: {}, 'opc.tcp://127.0.0.1:1': {} } });
  }, 60_000);

  afterAll(async () => {
    await bench?.close();
    await plant?.close();
  });

  it('gives value, status and the time of the source, through one session', async () => {
    const before = Date.now();
    plant.setTemperature(80.25);
    const readings = await Promise.all(Array.from({ length: 5 }, () => bench.json(variable('Temperature'))));
    for (const reading of readings) {
      expect(reading).toMatchObject({ value: 80.25, status: 'Good' });
      const { sourceTimestampMs } = reading as { sourceTimestampMs: number };
      expect(sourceTimestampMs).toBeGreaterThan(before - CLOCK_MS);
      expect(sourceTimestampMs).toBeLessThan(Date.now() + CLOCK_MS);
    }
    expect(plant.sessions()).toBe(1);
    expect((await bench.read(variable('Temperature'))).mediaType).toBe('application/json');
  });

  it('writes every kind of value as JSON, and a bad one with its status', async () => {
    expect(await bench.json(variable('Count'))).toMatchObject({ value: '-2' });
    expect(await bench.json(variable('Name'))).toMatchObject({ value: 'Oven' });
    expect(await bench.json(variable('Curve'))).toMatchObject({ value: [1, 2.5] });
    expect(await bench.json(variable('Broken'))).toMatchObject({ value: null, status: 'BadSensorFailure' });
    expect(plainValue({ dataType: 15, value: Buffer.from([1, 2]) })).toBe('AQI=');
    expect(plainValue({ dataType: 13, value: new Date(0) })).toBe('1970-01-01T00:00:00.000Z');
    expect(
      plainValue({
        dataType: 9,
        value: [
          [0, 1],
          [1, 0],
        ],
      }),
    ).toEqual(['1', '4294967296']);
    expect(plainValue({ dataType: 11, value: Number.NaN })).toBe('NaN');
    expect(plainValue({ dataType: 0, value: null })).toBeNull();
  });

  it('says what it does not know, may not read or cannot reach', async () => {
    expect(await failure(variable('Nothing'))).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
    expect(await failure(variable('Temperature', 'opc.tcp://127.0.0.1:2'))).toMatchObject({ code: 'OUTSIDE_NOT_ALLOWED' });
    expect(await failure(variable('Temperature', 'opc.tcp://127.0.0.1:1'))).toMatchObject({ code: 'OUTSIDE_UNREACHABLE' });
    expect(await failure(variable('Curve'), { maxBytes: 10 })).toMatchObject({ code: 'OUTSIDE_TOO_LARGE' });
  });

  it('speaks to the known server only, encrypted and as a known user', async () => {
    const encrypted = {
      security: 'encrypt',
      user: 'reader',
      password: 'secret',
      serverCertificateFile: plant.certificateFile,
    } as const;
    const known = await openBench({ opcua: { [plant.endpoint]: encrypted } });
    expect(await known.json(variable('Temperature'))).toMatchObject({ status: 'Good' });
    await known.close();
    const stranger = await openBench({ opcua: { [plant.endpoint]: { ...encrypted, password: 'guessed' } } });
    const refused = await stranger.read(variable('Temperature')).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'OUTSIDE_REFUSED' });
    expect(String(refused)).not.toContain('guessed');
    await stranger.close();
    const ownCertificate = join(bench.folder, 'outside/opcua/own/certs/client_certificate.pem');
    const impostor = await openBench({ opcua: { [plant.endpoint]: { ...encrypted, serverCertificateFile: ownCertificate } } });
    const untrusted = await impostor.read(variable('Temperature')).catch((error: unknown) => error);
    expect(untrusted).toMatchObject({ code: expect.stringMatching(/^OUTSIDE_(REFUSED|UNREACHABLE)$/) });
    await impostor.close();
  });

  it('connects anew when the server was gone', async () => {
    expect(await bench.json(variable('Temperature'))).toMatchObject({ status: 'Good' });
    const port = Number(new URL(plant.endpoint).port);
    await plant.close();
    expect(await failure(variable('Temperature'), { timeoutMicros: 3_000_000 })).toMatchObject({
      code: expect.stringMatching(/UNREACHABLE|TIMEOUT/),
    });
    plant = await startPlant(port);
    await expect
      .poll(() => bench.json(variable('Temperature')).catch(() => undefined), { timeout: 15_000, interval: 200 })
      .toMatchObject({ value: 21.5 });
  }, 60_000);
});
