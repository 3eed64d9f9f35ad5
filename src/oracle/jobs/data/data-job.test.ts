import { describe, expect, it } from 'vitest';
import { jobId } from '../../../contracts/index.ts';
import { fromHex, keyFrom, type NodeKey, sha256, toHex } from '../../../crypto/index.ts';
import type { Outside, OutsideSource } from '../../../environment/index.ts';
import { TreadleError } from '../../../errors.ts';
import type { OracleRequest } from '../../job.ts';
import { askedText, type DataJobOptions, dataJob } from './data-job.ts';
import { readDataSpec } from './data-spec.ts';
import { envelopeDigest } from './envelope.ts';
import { fromWord, wordOf } from './numbers.ts';
import { openAnswer, sealAnswer } from './sealed-answer.ts';

const PLACE = { chainId: 7331, pedal: '0x7ead1e0000000000000000000000000000000005' } as const;
const utf8 = new TextEncoder();

function requestOf(spec: unknown, about: Partial<OracleRequest> = {}): OracleRequest {
  return {
    id: 1n,
    requester: '0x00000000000000000000000000000000000000aa',
    job: jobId('data'),
    spec: utf8.encode(typeof spec === 'string' ? spec : JSON.stringify(spec)),
    requestedAt: 1_000,
    requestedIn: 5,
    expiresAt: 2_000,
    callbackGas: 0,
    groupSize: 4,
    unanimous: false,
    resultBytesMax: 1_000,
    ...about,
  };
}

/** A source that says this, whatever is asked. */
function saying(content: string | Error): Outside {
  return {
    read: async (_source: OutsideSource) => {
      if (typeof content !== 'string') throw content;
      return { content: utf8.encode(content), mediaType: 'application/json', observedAtMs: 1 };
    },
    close: async () => {},
  };
}

function jobWith(outside: Outside, options: Partial<DataJobOptions> = {}) {
  return dataJob({ outside, place: PLACE, isHolder: async () => true, envelopesOnly: false, ...options });
}

async function see(spec: unknown, content: string | Error): Promise<Uint8Array> {
  const job = jobWith(saying(content));
  const request = requestOf(spec);
  return job.observe(job.query(request), request, 1_000);
}

const HTTP = { kind: 'http', url: 'https://plant.example/oven' } as const;

describe('a specification', () => {
  it('may be as short as a contract can write it', () => {
    expect(readDataSpec(utf8.encode('https://plant.example/oven $.celsius number:2'))).toEqual({
      source: HTTP,
      select: '$.celsius',
      as: 'number',
      decimals: 2,
      agree: 'median',
      tolerancePpm: 50_000,
      details: false,
    });
  });

  it.each([
    ['nothing', ''],
    ['no URL', 'oven $.celsius'],
    ['too many words', 'https://plant.example/ $.a number 3'],
    ['a path that is none', 'https://plant.example/ $[[ number'],
    ['a kind of source that is not there', { source: { kind: 'telepathy', who: 'me' } }],
    ['a key that is not there', { source: HTTP, sellect: '$.a' }],
    ['a median of texts', { source: HTTP, as: 'text', agree: 'median' }],
    ['a part of a digest', { source: HTTP, as: 'digest', select: '$.a' }],
    ['a reader without a key', { source: HTTP, as: 'text', encryptTo: `0x02${'ff'.repeat(32)}` }],
    ['no JSON', '{ "source": '],
  ])('is refused: %s', (_what, spec) => {
    const job = jobWith(saying('1'));
    expect(() => job.query(requestOf(spec))).toThrow(expect.objectContaining({ reason: 'invalidSpec' }));
  });

  it('is refused when it is no text', () => {
    expect(() => readDataSpec(Uint8Array.of(0xff, 0xfe))).toThrow(expect.objectContaining({ reason: 'invalidSpec' }));
  });
});

describe('what is seen', () => {
  it('is a scaled number, a text, canonical JSON, or a digest', async () => {
    expect(fromWord(await see({ source: HTTP, select: '$.a', decimals: 3 }, '{"a":1.2345}'))).toBe(1235n);
    expect(fromWord(await see({ source: HTTP, select: '$.a' }, '{"a":"12"}'))).toBe(12n);
    expect(fromWord(await see({ source: HTTP }, ' 42\n'))).toBe(42n);
    expect(await see({ source: HTTP, select: '$.a', as: 'text' }, '{"a":"ö"}')).toEqual(utf8.encode('ö'));
    expect(await see({ source: HTTP, as: 'json' }, '{ "b": [1, {"z":null,"y":2}], "a": "x" }')).toEqual(
      utf8.encode('{"a":"x","b":[1,{"y":2,"z":null}]}'),
    );
    const content = 'any bytes';
    expect(toHex(await see({ source: HTTP, as: 'digest' }, content))).toBe(
      toHex(sha256(utf8.encode(content))) + toHex(wordOf(9n)).slice(2),
    );
  });

  it.each([
    ['a text for a number', { source: HTTP, select: '$.a' }, '{"a":"warm"}', 'invalidData'],
    ['two values', { source: HTTP, select: '$[*]' }, '[1,2]', 'invalidData'],
    ['no value', { source: HTTP, select: '$.b' }, '{"a":1}', 'invalidData'],
    ['no JSON', { source: HTTP, select: '$.b' }, '<html>', 'invalidData'],
    ['an object for a text', { source: HTTP, select: '$.a', as: 'text' }, '{"a":{}}', 'invalidData'],
    ['too much', { source: HTTP }, new TreadleError('OUTSIDE_TOO_LARGE'), 'resultTooLarge'],
  ])('is a failure: %s', async (_what, spec, content, reason) => {
    await expect(see(spec, content)).rejects.toMatchObject({ reason });
  });
});

describe('agreement', () => {
  const numbers = (...values: bigint[]) => values.map(wordOf);

  it('takes the lower middle of numbers, negative ones included', () => {
    const job = jobWith(saying('1'));
    const query = job.query(requestOf({ source: HTTP }));
    expect(job.outcome(query, numbers(5n, -10n, 7n, -3n), 4)).toEqual({ kind: 'value', value: wordOf(-3n) });
  });

  it('tells of outliers where that is wanted', () => {
    const job = jobWith(saying('1'));
    const query = job.query(requestOf({ source: HTTP, details: true, tolerancePpm: 100_000 }));
    const verdict = job.outcome(query, numbers(100n, 105n, 1_000n, 95n, 89n), 7);
    const words =
      verdict?.kind === 'value' ? [0, 1, 2, 3, 4].map((at) => fromWord(verdict.value.subarray(32 * at, 32 * at + 32))) : [];
    expect(words).toEqual([100n, 5n, 2n, 89n, 1_000n]);
  });

  it('is not signed by a member that saw something too far away, where the request says how far that is', () => {
    const job = jobWith(saying('1'));
    const near = job.query(requestOf({ source: HTTP, decimals: 2, maxDistance: 0.5, details: true }));
    expect(job.accept(near, wordOf(1_050n), wordOf(1_000n))).toBe(true);
    expect(job.accept(near, wordOf(949n), wordOf(1_000n))).toBe(false);
    expect(job.accept(near, wordOf(-1n), wordOf(60n))).toBe(false);
    expect(job.accept(near, wordOf(9_999n), undefined)).toBe(true);
    const any = job.query(requestOf({ source: HTTP }));
    expect(job.accept(any, wordOf(9_999n), wordOf(1n))).toBe(true);
    for (const maxDistance of [-1, 'far']) {
      expect(() => job.query(requestOf({ source: HTTP, maxDistance }))).toThrow(
        expect.objectContaining({ reason: 'invalidSpec' }),
      );
    }
  });

  it('takes exact content that more than half saw, and nothing else', () => {
    const job = jobWith(saying('1'));
    const query = job.query(requestOf({ source: HTTP, as: 'text' }));
    const [a, b, c] = [utf8.encode('a'), utf8.encode('b'), utf8.encode('c')] as const;
    expect(job.outcome(query, [a, b, a, a, c], 5)).toEqual({ kind: 'value', value: a });
    expect(job.outcome(query, [a, b, a, c, b], 5)).toEqual({ kind: 'failure', reason: 'noAgreement' });
    // Who is not heard yet could make a majority: a leader that leaves out an honest node gets no failure out of a liar's help.
    expect(job.outcome(query, [a, b, a, c], 5)).toBeUndefined();
    expect(job.outcome(query, [a, a, b], 4)).toBeUndefined();
  });
});

describe('an envelope', () => {
  const holder = keyFrom(new Uint8Array(32).fill(3));

  function enveloped(
    key: NodeKey,
    about: { readonly requester?: `0x${string}`; readonly url?: string; readonly until?: number } = {},
  ): OracleRequest {
    const asked = { source: { ...HTTP }, select: '$.a', maxDistance: 3 };
    const [issuedAt, expiresAt] = [900, about.until ?? 1_500];
    const context = {
      place: PLACE,
      requester: about.requester ?? requestOf('').requester,
      asked: askedText(utf8.encode(JSON.stringify(asked))),
    };
    const signature = toHex(key.sign(envelopeDigest(context, { issuedAt, expiresAt })));
    const source = { ...HTTP, url: about.url ?? HTTP.url };
    return requestOf({
      ...asked,
      source,
      envelope: { certificate: 'ledger', issuedAt, expiresAt, holder: holder.address, signature },
    });
  }

  it('is asked for where the oracle wants one', () => {
    const job = jobWith(saying('{"a":1}'), { envelopesOnly: true });
    expect(() => job.query(requestOf({ source: HTTP }))).toThrow(expect.objectContaining({ reason: 'notAllowed' }));
    expect(job.query(enveloped(holder))).toMatchObject({ select: '$.a' });
  });

  it.each([
    ['signed by somebody else', enveloped(keyFrom(new Uint8Array(32).fill(4)))],
    ['signed for another requester', enveloped(holder, { requester: '0x00000000000000000000000000000000000000bb' })],
    ['signed for another question', enveloped(holder, { url: 'https://plant.example/other' })],
    ['that is over', enveloped(holder, { until: 950 })],
  ])('is refused: %s', (_what, request) => {
    expect(() => jobWith(saying('1')).query(request)).toThrow(expect.objectContaining({ reason: 'notAllowed' }));
  });

  it('is refused when its holder is nobody in the consortium', async () => {
    const job = jobWith(saying('{"a":1}'), { isHolder: async () => false });
    const request = enveloped(holder);
    await expect(job.observe(job.query(request), request, 1)).rejects.toMatchObject({ reason: 'notAllowed' });
  });
});

describe('a sealed answer', () => {
  const reader = keyFrom(new Uint8Array(32).fill(9));
  const nonce = new Uint8Array(32).fill(1);

  it('is the same for the same number, opens for its reader, and for nobody else', () => {
    const answer = utf8.encode('21.5');
    const sealed = sealAnswer(answer, reader.publicKey, nonce);
    expect(sealAnswer(answer, reader.publicKey, nonce)).toEqual(sealed);
    expect(sealAnswer(answer, reader.publicKey, new Uint8Array(32).fill(2))).not.toEqual(sealed);
    expect(openAnswer(sealed, reader.privateKey)).toEqual(answer);
    expect(() => openAnswer(sealed, fromHex(`0x${'11'.repeat(32)}`))).toThrow(
      expect.objectContaining({ code: 'ORACLE_SEAL_INVALID' }),
    );
    const changed = Uint8Array.from(sealed);
    changed[40] = (changed[40] as number) ^ 1;
    expect(() => openAnswer(changed, reader.privateKey)).toThrow(expect.objectContaining({ code: 'ORACLE_SEAL_INVALID' }));
  });
});
