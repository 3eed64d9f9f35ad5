import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OutsideConfig } from '../environment/index.ts';
import { readConfig } from './config-reader.ts';
import { outsideConfigSchema } from './outside-config.ts';

const read = (value: unknown): OutsideConfig =>
  readConfig(outsideConfigSchema, { file: 'node.json', text: JSON.stringify(value) });

const whole = {
  http: {
    listedOnly: false,
    refused: ['*.internal', 'printer'],
    hosts: {
      'api.example': { headers: { authorization: 'Bearer 1' }, paths: ['/v1/'] },
      'mes.plant:8080': { private: true, plain: true, caFile: 'ca.pem' },
      '[::1]:80': { private: true },
    },
  },
  mqtt: { 'mqtts://broker.plant:8883': { user: 'reader', password: 'secret', caFile: 'ca.pem', topics: ['plant/#'] } },
  opcua: {
    'opc.tcp://oven.plant:4840/UA': {
      security: 'encrypt',
      user: 'reader',
      password: 'secret',
      serverCertificateFile: 'oven.der',
    },
  },
  databases: {
    erp: {
      host: 'db',
      port: 5433,
      database: 'erp',
      user: 'reader',
      password: 'secret',
      tls: true,
      queries: { stock: 'select 1' },
    },
  },
  files: { folder: 'data', anyQuery: true },
};

describe('the section "outside" of a node’s file', () => {
  it('is read as it is written, and may be empty', () => {
    expect(read(whole)).toEqual(whole);
    expect(read({})).toEqual({});
  });

  it('accepts the example of its page', () => {
    const page = readFileSync(new URL('../../docs/reference/sources.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```json\n(\{\n[\s\S]*?)```/g)].map(([, text]) => JSON.parse(text as string) as unknown);
    expect(examples).toHaveLength(1);
    for (const example of examples) expect(read(example)).toEqual(example);
  });

  it('names what is wrong by its path', () => {
    const wrong = (value: unknown): unknown => {
      try {
        return read(value);
      } catch (error) {
        return error;
      }
    };
    expect(wrong({ mqtt: { 'http://broker': {} } })).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(wrong({ mqtt: { 'mqtt://user:pass@broker': {} } })).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(wrong({ opcua: { 'opc.tcp://oven:4840': { security: 'sign' } } })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('serverCertificateFile'),
    });
    expect(wrong({ databases: { ERP: whole.databases.erp } })).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(wrong({ databases: { erp: { host: 'db', database: 'erp' } } })).toMatchObject({ data: { key: 'databases.erp.user' } });
    expect(wrong({ files: {} })).toMatchObject({ data: { key: 'files.folder' } });
    expect(wrong({ http: { hosts: { 'api.example/path': {} } } })).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(wrong({ http: { hosts: { 'api.example': { header: {} } } } })).toMatchObject({
      code: 'CONFIG_UNKNOWN_KEY',
      data: { suggestion: 'headers' },
    });
    expect(
      wrong({ http: { hosts: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`host-${at}`, {}])) } }),
    ).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
