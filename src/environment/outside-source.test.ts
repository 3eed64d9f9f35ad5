import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OUTSIDE_URL_CHARACTERS_MAX } from '../limits.ts';
import type { OutsideSource } from './outside.ts';
import { checkOutsideSource, serverAddress, sourceText } from './outside-source.ts';

const refusal = (source: unknown): unknown => {
  try {
    checkOutsideSource(source as OutsideSource);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('the description of a source', () => {
  it('is accepted where some node could read it', () => {
    const sources: readonly OutsideSource[] = [
      { kind: 'http', url: 'https://api.example/v1?unit=c', headers: { Accept: 'text/csv' } },
      { kind: 'http', url: 'http://10.0.0.1:8080/' },
      { kind: 'mqtt', broker: 'mqtt://broker.plant:1883', topic: 'plant/oven' },
      { kind: 'mqtt', broker: 'mqtts://broker.plant', topic: '$SYS/uptime' },
      { kind: 'opcua', endpoint: 'opc.tcp://oven.plant:4840/UA/Server', nodeId: 'ns=2;s=Oven.Temperature' },
      { kind: 'opcua', endpoint: 'opc.tcp://oven.plant', nodeId: 'i=2258' },
      { kind: 'opcua', endpoint: 'opc.tcp://oven.plant', nodeId: 'ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a' },
      { kind: 'opcua', endpoint: 'opc.tcp://oven.plant', nodeId: 'ns=1;b=M/RbKBsRVkePCePcx24oRA==' },
      { kind: 'sql', database: 'erp', query: 'stock', parameters: ['a', 1, true, null] },
      { kind: 'file', name: 'line 1/oven_2026.csv' },
      { kind: 'file', name: 'plant.sqlite', query: 'select 1' },
    ];
    for (const source of sources) expect(refusal(source), sourceText(source)).toBeUndefined();
  });

  it('is refused where no node could, and none should', () => {
    const sources: readonly unknown[] = [
      { kind: 'gopher', url: 'gopher://x' },
      { kind: 'http', url: 'file:///etc/passwd' },
      { kind: 'http', url: 'https://user:word@api.example/' },
      { kind: 'http', url: 'api.example' },
      { kind: 'http', url: 7 },
      { kind: 'http', url: `https://api.example/${'x'.repeat(OUTSIDE_URL_CHARACTERS_MAX)}` },
      { kind: 'http', url: 'https://api.example/', headers: { Authorization: 'Bearer 1' } },
      { kind: 'http', url: 'https://api.example/', headers: { 'Metadata-Flavor': 'Google' } },
      { kind: 'http', url: 'https://api.example/', headers: { Accept: 'a\r\nb: c' } },
      { kind: 'mqtt', broker: 'mqtt://broker', topic: 'plant/#' },
      { kind: 'mqtt', broker: 'mqtt://broker', topic: 'plant/+/x' },
      { kind: 'mqtt', broker: 'mqtt://broker', topic: '' },
      { kind: 'mqtt', broker: 'mqtt://broker/path', topic: 'x' },
      { kind: 'mqtt', broker: 'ws://broker', topic: 'x' },
      { kind: 'opcua', endpoint: 'opc.tcp://oven?x=1', nodeId: 'i=1' },
      { kind: 'opcua', endpoint: 'opc.tcp://oven', nodeId: 'Temperature' },
      { kind: 'sql', database: 'Host=x', query: 'q' },
      { kind: 'sql', database: 'erp', query: '' },
      { kind: 'sql', database: 'erp', query: 'q', parameters: [{}] },
      { kind: 'sql', database: 'erp', query: 'q', parameters: [Number.NaN] },
      { kind: 'sql', database: 'erp', query: 'q', parameters: Array(17).fill(1) },
      { kind: 'file', name: '../x.json' },
      { kind: 'file', name: 'x.sqlite' },
      { kind: 'file', name: 'x.json', query: 'select 1' },
    ];
    for (const source of sources)
      expect(refusal(source), JSON.stringify(source)).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
  });

  it('never accepts a file name that leads upwards, and never throws anything but its own error', () => {
    const part = fc.constantFrom('..', '.', 'a', 'b.json', '/', '\\', '//', '%2e%2e', 'x.txt', '\0', '~', 'C:');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const name = parts.join('/');
        if (refusal({ kind: 'file', name }) === undefined) expect(name.split('/')).not.toContain('..');
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom('http', 'mqtt', 'opcua', 'sql', 'file'), fc.string(), fc.string(), (kind, left, right) => {
        const source = {
          kind,
          url: left,
          broker: left,
          endpoint: left,
          database: left,
          name: left,
          topic: right,
          nodeId: right,
          query: right,
        };
        const error = refusal(source);
        if (error !== undefined) expect(error).toMatchObject({ code: 'OUTSIDE_SOURCE_INVALID' });
      }),
    );
  });

  it('names a server the same way however it is written', () => {
    expect(serverAddress('mqtt', 'mqtt://Broker.Plant/')).toBe('mqtt://broker.plant:1883');
    expect(serverAddress('mqtt', 'mqtts://broker.plant')).toBe('mqtts://broker.plant:8883');
    expect(serverAddress('opcua', 'opc.tcp://OVEN/UA/')).toBe('opc.tcp://oven:4840/UA');
  });
});
