import { encodeFunctionData } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { createChain, type TestChain } from '../../contracts/test/harness.ts';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../contracts/index.ts';
import { type Address, fromHex, type Hex, keyFrom, type NodeKey, toEthereumSignature, toHex } from '../crypto/index.ts';
import type { Clock } from '../environment/index.ts';
import { issueCertificate } from './certificate.ts';
import { type SignedContact, signContact } from './contact.ts';
import { buildGenesis, genesisHash } from './genesis.ts';
import { encodeHello } from './hello.ts';
import { createLightMembership, createMembership, type Membership } from './membership.ts';
import { type CertifiedRole, ROLE_NUMBER, type Role } from './roles.ts';
import { rosterOfFounders } from './roster.ts';
import { WIRE_VERSIONS } from './wire-versions.ts';

const key = (byte: number) => keyFrom(new Uint8Array(32).fill(byte));
const proxy = key(1);
const companies = [key(2), key(3), key(4)] as const;
const [first, second, third] = companies;
const edge = key(5);
const stranger = key(6);
const centre = key(7);
const newcomer = key(8);

let chain: TestChain;
let membership: Membership;
let reads = 0;
let head = 0;
const chainId = 7400;
let hash: Hex;
const serial = (byte: number) => `0x${byte.toString(16).padStart(64, '0')}` as Hex;
const clock = (): Clock => ({
  now: () => chain.now() * 1_000_000,
  set: () => ({ label: 'unused' }),
  cancel: () => {},
});

type WriteName = 'propose' | 'vote' | 'nameSuccessor' | 'proveSync';
const calldata = (functionName: WriteName, args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: consortiumArtifact.abi, functionName, args } as Parameters<typeof encodeFunctionData>[0]);
const proveSync = (by: NodeKey) =>
  transact(by, calldata('proveSync', [BigInt(chain.height() - 1), chain.hashOf(chain.height() - 1)]));

/** Runs a contract call in a new block. */
async function transact(from: NodeKey, data: Hex): Promise<void> {
  const sent = await chain.send(from.address, { to: CONSORTIUM_ADDRESS, data });
  expect(sent.success).toBe(true);
  head++;
}

beforeAll(async () => {
  chain = await createChain(chainId);
  const genesis = buildGenesis({
    chainId,
    timestampMs: 1_800_000_000_000,
    proxy: proxy.address,
    companies: companies.map(({ address }, at) => ({ account: address, name: `Company ${at + 1} (demo)` })),
    alloc: {},
  });
  for (const contract of genesis.contracts) await chain.place(contract.address, contract.initCode);
  hash = genesisHash(genesis);
  membership = await createMembership({
    chainId,
    genesisHash: hash,
    clock: clock(),
    port: {
      head: () => serial(head),
      read: async ({ to, data }) => {
        reads++;
        const result = await chain.call(stranger.address, { to, data: toHex(data) });
        if (!result.success) throw new Error('the call failed');
        return fromHex(result.returnData);
      },
    },
  });
});

interface Shown {
  readonly of?: NodeKey;
  readonly role?: Role;
  readonly issuer?: NodeKey;
  readonly certifiedRole?: CertifiedRole;
  readonly expiresAtSeconds?: number;
  readonly serial?: Hex;
  readonly chainId?: number;
  readonly company?: Address;
}

function certificateOf({ of = edge, issuer = first, role = 'edge', certifiedRole, ...rest }: Shown) {
  return issueCertificate(
    {
      observer: of.address,
      role: certifiedRole ?? (role as CertifiedRole),
      expiresAtSeconds: rest.expiresAtSeconds ?? chain.now() + 1000,
      serial: rest.serial ?? serial(1),
      chainId: rest.chainId ?? chainId,
    },
    issuer,
  );
}

function contactOf(shown: Shown): SignedContact {
  const { of = edge, role = 'edge', issuer = first, company } = shown;
  const observer = role !== 'proxy' && role !== 'company';
  return signContact(
    {
      role,
      company: company ?? (observer ? issuer.address : of.address),
      name: 'A node',
      addresses: [],
      sequence: 1,
      ...(observer && { certificate: certificateOf(shown) }),
    },
    of,
  );
}

const helloOf = (shown: Shown) =>
  encodeHello({ wireVersions: WIRE_VERSIONS, chainId, genesisHash: hash, contact: contactOf(shown) });
const admit = (shown: Shown) => membership.admitPeer((shown.of ?? edge).address, helloOf(shown));

describe('membership read from the contract', () => {
  it('knows proxy, companies and sealers', async () => {
    const roster = await membership.roster();
    expect(roster.proxy).toBe(proxy.address);
    expect(roster.companies.map(({ account }) => account).sort()).toEqual(companies.map(({ address }) => address).sort());
    expect(roster.companies.map(({ name }) => name)).toContain('Company 2 (demo)');
    expect(roster.sealers).toEqual([proxy, ...companies].map(({ address }) => address).sort());
  });

  it('asks the contract once per block', async () => {
    head++;
    reads = 0;
    await Promise.all([
      membership.roster(),
      membership.roster(),
      membership.observer(edge.address),
      membership.observer(edge.address),
    ]);
    await membership.roster();
    expect(reads).toBe(5);
    head++;
    await membership.roster();
    expect(reads).toBe(9);
  });

  it('asks for the members again only when the contract holds something else', async () => {
    let stored = serial(1);
    let height = 0;
    let calls = 0;
    const watched = await createMembership({
      chainId,
      genesisHash: hash,
      clock: clock(),
      port: {
        head: () => serial(height),
        stored: async () => stored,
        read: async ({ to, data }) => {
          calls++;
          return fromHex((await chain.call(proxy.address, { to, data: toHex(data) })).returnData);
        },
      },
    });
    expect(calls).toBe(4);
    height++;
    expect(await watched.roster()).toEqual(await membership.roster());
    expect(calls).toBe(4);
    height++;
    stored = serial(2);
    await watched.roster();
    expect(calls).toBe(8);
    // An observer's certificate expires without anything being stored.
    height++;
    await watched.observer(edge.address);
    height++;
    await watched.observer(edge.address);
    expect(calls).toBe(10);
  });

  it('does not remember members that were read while the contract changed', async () => {
    let stored = 0;
    let calls = 0;
    let height = 0;
    const moving = await createMembership({
      chainId,
      genesisHash: hash,
      clock: clock(),
      port: {
        head: () => serial(height),
        stored: async () => serial(Math.min(stored++, 1)),
        read: async ({ to, data }) => {
          calls++;
          return fromHex((await chain.call(proxy.address, { to, data: toHex(data) })).returnData);
        },
      },
    });
    height++;
    await moving.roster();
    expect(calls).toBe(8);
    height++;
    await moving.roster();
    expect(calls).toBe(8);
  });

  it('does not remember a reading that failed', async () => {
    let broken = true;
    const flaky = createMembership({
      chainId,
      genesisHash: hash,
      clock: clock(),
      port: {
        head: () => serial(0),
        read: async ({ to, data }) =>
          broken ? new Uint8Array(0) : fromHex((await chain.call(proxy.address, { to, data: toHex(data) })).returnData),
      },
    });
    await expect(flaky).rejects.toMatchObject({ code: 'CONSORTIUM_READ_FAILED' });
    broken = false;
    await expect(membership.roster()).resolves.toMatchObject({ proxy: proxy.address });
  });
});

describe('admitPeer', () => {
  it('admits sealers by the contract and observers by certificate, registered or not', async () => {
    expect(await admit({ of: proxy, role: 'proxy' })).toEqual({ admitted: true });
    expect(await admit({ of: second, role: 'company' })).toEqual({ admitted: true });
    expect(await admit({})).toEqual({ admitted: true });
    expect(await admit({ role: 'device' })).toEqual({ admitted: true });
    expect(await admit({ of: centre, role: 'centre', issuer: proxy })).toEqual({ admitted: true });
    expect(await admit({ of: centre, role: 'centre', issuer: second })).toEqual({ admitted: true });
  });

  it.each<[string, () => Shown, RegExp]>([
    [
      'a stranger as a company',
      () => ({ of: stranger, role: 'company' }),
      /is no company of this consortium.*treadle consortium/,
    ],
    ['a stranger as the proxy', () => ({ of: stranger, role: 'proxy' }), /is not the proxy/],
    ['a company as the proxy', () => ({ of: first, role: 'proxy' }), /is not the proxy/],
    ['a certificate by a stranger', () => ({ issuer: stranger }), /^CERTIFICATE_NOT_A_COMPANY: .*Ask a current company/],
    ['an edge node certified by the proxy', () => ({ issuer: proxy }), /^CERTIFICATE_NOT_A_COMPANY/],
    ['an expired certificate', () => ({ expiresAtSeconds: chain.now() }), /^CERTIFICATE_EXPIRED/],
    ['a certificate for another chain', () => ({ chainId: 1 }), /^CERTIFICATE_WRONG_CHAIN/],
    ["a device's certificate on an edge node", () => ({ certifiedRole: 'device' }), /^CERTIFICATE_WRONG_ROLE/],
    ['another company named in the contact', () => ({ company: second.address }), /correct "company" in its node\.json/],
  ])('refuses %s, saying why', async (_what, shown, reason) => {
    expect(await admit(shown())).toMatchObject({ admitted: false, reason: expect.stringMatching(reason) });
  });

  it('refuses another chain, another genesis, a borrowed contact, a changed one, none, and garbage', async () => {
    const contact = contactOf({});
    const refusal = async (hello: Uint8Array, peer = edge) => membership.admitPeer(peer.address, hello);
    const base = { wireVersions: WIRE_VERSIONS, chainId, genesisHash: hash, contact };
    expect(await refusal(encodeHello({ ...base, chainId: 1 }))).toMatchObject({
      reason: expect.stringMatching(/on chain 1, this is chain 7400/),
    });
    expect(await refusal(encodeHello({ ...base, genesisHash: serial(9) }))).toMatchObject({
      reason: expect.stringMatching(/another genesis/),
    });
    expect(await refusal(encodeHello(base), stranger)).toMatchObject({
      reason: expect.stringMatching(/presents the contact of/),
    });
    expect(await refusal(encodeHello({ ...base, contact: { ...contact, name: 'Other' } }))).toMatchObject({
      reason: expect.stringMatching(/^DIRECTORY_CONTACT_FORGED/),
    });
    const { certificate: _none, ...bare } = contact;
    expect(await refusal(encodeHello({ ...base, contact: signContact(bare, edge) }))).toMatchObject({
      reason: expect.stringMatching(/^CERTIFICATE_MISSING/),
    });
    expect(await refusal(new Uint8Array(40))).toMatchObject({
      admitted: false,
      reason: expect.stringMatching(/Run the same release/),
    });
    expect(await refusal(new Uint8Array(0))).toMatchObject({ admitted: false });
  });

  it('refuses a revoked certificate and admits the node again with a new one', async () => {
    const certificate = certificateOf({ serial: serial(77) });
    const args = {
      observer: certificate.observer,
      role: ROLE_NUMBER[certificate.role],
      company: certificate.company,
      expiresAt: BigInt(certificate.expiresAtSeconds),
      serial: certificate.serial,
    };
    // The contract takes the very signature that a company issued here: both sides compute the same digest.
    await transact(
      stranger,
      encodeFunctionData({
        abi: consortiumArtifact.abi,
        functionName: 'registerObserver',
        args: [args, toEthereumSignature(certificate.signature)],
      }),
    );
    expect(await membership.observer(edge.address)).toMatchObject({
      standing: 'active',
      role: 'edge',
      company: first.address,
      serial: serial(77),
    });
    expect(await admit({ serial: serial(77) })).toEqual({ admitted: true });
    await transact(
      first,
      encodeFunctionData({ abi: consortiumArtifact.abi, functionName: 'revokeObserver', args: [edge.address] }),
    );
    expect(await admit({ serial: serial(77) })).toMatchObject({
      admitted: false,
      reason: expect.stringMatching(/^CERTIFICATE_REVOKED: .*another serial number/),
    });
    expect(await admit({ serial: serial(78) })).toEqual({ admitted: true });
  });

  it('follows the vote: a candidate is admitted, a company that joined as well, one that left is not, nor are its observers', async () => {
    expect(await admit({ of: newcomer, role: 'company' })).toMatchObject({
      admitted: false,
      reason: expect.stringMatching(/treadle consortium propose/),
    });
    await transact(first, calldata('propose', [0, newcomer.address, 'Company 4 (demo)']));
    expect(await membership.candidacy(newcomer.address)).toEqual({ role: 'company', account: newcomer.address });
    expect(await admit({ of: newcomer, role: 'company' })).toEqual({ admitted: true });
    expect(membership.judgeContact(contactOf({ of: newcomer, role: 'company' }))).toBeUndefined();
    expect(await admit({ of: newcomer, role: 'proxy' })).toMatchObject({ admitted: false });
    await proveSync(newcomer);
    await transact(second, calldata('vote', [1n, true]));
    await transact(third, calldata('vote', [1n, true]));
    expect(await admit({ of: newcomer, role: 'company' })).toEqual({ admitted: true });
    expect((await membership.roster()).sealers).toContain(newcomer.address);
    expect(await admit({ issuer: third })).toEqual({ admitted: true });
    chain.mine(32);
    await transact(first, calldata('propose', [1, third.address, '']));
    await transact(second, calldata('vote', [2n, true]));
    await transact(newcomer, calldata('vote', [2n, true]));
    expect(await admit({ of: third, role: 'company' })).toMatchObject({ admitted: false });
    expect(await admit({ issuer: third })).toMatchObject({
      admitted: false,
      reason: expect.stringMatching(/^CERTIFICATE_NOT_A_COMPANY/),
    });
    expect(membership.judgeContact(contactOf({ issuer: third }))).toMatch(/^CERTIFICATE_NOT_A_COMPANY/);
    expect(membership.judgeContact(contactOf({ issuer: first }))).toBeUndefined();
  });

  it('follows a replaced key: the new one is admitted once it is named, the old one until it is replaced', async () => {
    const rotated = key(9);
    const shown = { of: rotated, role: 'company', company: second.address } as const;
    expect(await admit(shown)).toMatchObject({ admitted: false, reason: expect.stringMatching(/rotate-key/) });
    await transact(second, calldata('nameSuccessor', [rotated.address]));
    expect(await admit(shown)).toEqual({ admitted: true });
    expect(await admit({ ...shown, company: first.address })).toMatchObject({ admitted: false });
    expect(await admit({ of: second, role: 'company' })).toEqual({ admitted: true });
    chain.mine(32);
    await proveSync(rotated);
    expect(await admit(shown)).toEqual({ admitted: true });
    expect(await admit({ of: second, role: 'company' })).toMatchObject({ admitted: false });
    expect(await membership.candidacy(rotated.address)).toBeUndefined();
    // Its certificates are the account's, and hold.
    expect(await admit({ issuer: second })).toEqual({ admitted: true });
    expect((await membership.roster()).companies.find(({ account }) => account === second.address)?.sealer).toBe(rotated.address);
  });

  it('refuses peers of other wire versions by that reason', async () => {
    const hello = encodeHello({ wireVersions: { lowest: 7, highest: 7 }, chainId, genesisHash: hash, contact: contactOf({}) });
    expect(await membership.admitPeer(edge.address, hello)).toMatchObject({
      admitted: false,
      reason: expect.stringMatching(/wire version 7/),
    });
  });
});

describe('membership of a light node', () => {
  it('judges by the roster it is given', async () => {
    const roster = rosterOfFounders(proxy.address, [{ account: first.address, name: 'One' }], [first.address]);
    const light = createLightMembership({ chainId, genesisHash: hash, clock: clock(), roster: () => roster });
    expect(await light.admitPeer(edge.address, helloOf({}))).toEqual({ admitted: true });
    expect(await light.admitPeer(second.address, helloOf({ of: second, role: 'company' }))).toMatchObject({ admitted: false });
    expect(light.judgeContact(contactOf({ issuer: second }))).toMatch(/^CERTIFICATE_NOT_A_COMPANY/);
  });
});
