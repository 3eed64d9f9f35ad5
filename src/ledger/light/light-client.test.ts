import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, keccak256, type NodeKey, toHex } from '../../crypto/index.ts';
import type { BlockRecord, ReceiptProof } from '../ledger.ts';
import { TestConsortium } from '../testing/consortium.ts';
import {
  callData,
  certify,
  GOVERNANCE,
  present,
  replaceSealersData,
  signedBy,
  testGenesis,
  testKey,
  verifyTestCertificate,
  WORKBENCH,
  word,
} from '../testing/fixtures.ts';
import { createLightClient } from './light-client.ts';
import {
  decodeAccountProof,
  decodeCertifiedHeader,
  decodeReceiptProof,
  encodeAccountProof,
  encodeCertifiedHeader,
  encodeReceiptProof,
} from './light-codec.ts';

/** A chain of one full node's making, and a client that knows its genesis. */
async function chain(sealers = 4) {
  const consortium = new TestConsortium({ genesis: testGenesis({ sealers }) });
  const [node] = await consortium.addSealers();
  const { ledger } = node;
  const genesis = present(await ledger.header(0));
  const client = createLightClient({ trustedHeader: genesis.rlp, verifyCertificate: verifyTestCertificate });
  let nonce = 0;
  const block = async (data: Uint8Array, to = WORKBENCH, keys: readonly NodeKey[] = consortium.keys) => {
    const hash = await consortium.world.run(ledger.submit(signedBy(testKey(0), { nonce: nonce++, to, data })));
    const proposal = await consortium.world.run(
      ledger.propose({ proposer: present(ledger.sealers()[0]), timestampMs: consortium.nowMs }),
    );
    const certificate = certify(keys, { number: ledger.head.number + 1, hash: proposal.digest });
    const record = await consortium.world.run(ledger.commit({ ...proposal, certificate }));
    return { hash, record };
  };
  return { consortium, ledger, client, block };
}

const accept = (client: ReturnType<typeof createLightClient>, { header, certificate }: BlockRecord) =>
  client.accept(header.rlp, present(certificate));
const refusedAs = (code: string) => expect.objectContaining({ code });
const other: Hex = `0x${'ab'.repeat(32)}`;

describe('a light client', () => {
  it('accepts what a quorum signed, skipping what lies between', async () => {
    const { client, block } = await chain();
    const records = [];
    for (let at = 0; at < 4; at++) records.push((await block(callData('set(uint256,uint256)', at, at))).record);
    expect(accept(client, present(records[2])).number).toBe(3);
    expect(accept(client, present(records[0])).number).toBe(1);
    expect(accept(client, present(records[3])).number).toBe(4);
    expect(client.head.number).toBe(4);
    expect(client.header(2)).toBeUndefined();
  });

  it('refuses forged certificates, another header at a known number, and unlinked neighbours', async () => {
    const { client, block, consortium } = await chain();
    const { record } = await block(callData('set(uint256,uint256)', 1, 1));
    const forge = (keys: readonly NodeKey[]) => ({ ...record, certificate: certify(keys, record.header) });
    expect(() => accept(client, forge(consortium.keys.slice(0, 2)))).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
    expect(() => accept(client, forge([1, 2, 3].map(testKey)))).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
    expect(() => accept(client, { ...record, certificate: { ...present(record.certificate), height: 2 } })).toThrow(
      refusedAs('LIGHT_UNTRUSTED_HEADER'),
    );
    expect(client.head.number).toBe(0);
    const rival = (await chain()).block(callData('set(uint256,uint256)', 1, 2));
    accept(client, record);
    const second = (await rival).record;
    expect(() => accept(client, second)).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
    expect(() => client.accept(Uint8Array.of(0xc0), present(record.certificate))).toThrow(refusedAs('LEDGER_MALFORMED'));
  });

  it('needs the header in which the set changed before it follows the new set', async () => {
    const { client, block, consortium } = await chain();
    const fresh = [1, 2, 3, 4]
      .map((index) => testKey(200 + index))
      .sort((left, right) => (left.address < right.address ? -1 : 1));
    const change = await block(replaceSealersData(fresh.map(({ address }) => address)), GOVERNANCE);
    const after = await block(callData('set(uint256,uint256)', 1, 1), WORKBENCH, fresh);
    expect(() => accept(client, after.record)).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
    accept(client, change.record);
    expect(accept(client, after.record).number).toBe(2);
    // The old set has lost its voice.
    const old = { ...after.record, certificate: certify(consortium.keys, after.record.header) };
    const late = createLightClient({ trustedHeader: change.record.header.rlp, verifyCertificate: verifyTestCertificate });
    expect(() => accept(late, old)).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
  });

  it('checks receipts and finds tampering', async () => {
    const { client, block, ledger } = await chain();
    const { hash } = await block(callData('set(uint256,uint256)', 3, 33));
    const proof = decodeReceiptProof(encodeReceiptProof(present(await ledger.receiptProof(hash))));
    const receipt = client.verifyReceipt(proof, hash);
    expect(receipt.status).toBe(1);
    expect(receipt.logs[0]).toMatchObject({ address: WORKBENCH, data: `0x${word(33)}` });
    expect(client.head.number).toBe(1);
    const node = Uint8Array.from(present(proof.proof[0]));
    node[node.length - 1] = present(node[node.length - 1]) ^ 1;
    const lies: readonly ReceiptProof[] = [
      { ...proof, proof: [node] },
      { ...proof, proof: [] },
      { ...proof, index: 1 },
      { ...proof, transactionProof: [] },
    ];
    expect(() => client.verifyReceipt(proof, other)).toThrow(refusedAs('LIGHT_BAD_PROOF'));
    for (const lie of lies) expect(() => client.verifyReceipt(lie, hash)).toThrow(refusedAs('LIGHT_BAD_PROOF'));
    // What stands beside the header's own bytes is not looked at.
    expect(client.verifyReceipt({ ...proof, header: { ...proof.header, receiptsRoot: other } }, hash).logs).toHaveLength(1);
    expect(await ledger.receiptProof(other)).toBeUndefined();
  });

  it('checks accounts and slots, present and absent, and finds tampering', async () => {
    const { client, block, ledger } = await chain();
    const { record } = await block(callData('set(uint256,uint256)', 3, 33));
    const slot = slotOf(3);
    const empty = slotOf(4);
    const proof = decodeAccountProof(encodeAccountProof(await ledger.proof(WORKBENCH, [slot, empty], 1)));
    const at = { address: WORKBENCH, number: 1 };
    expect(() => client.verifyAccount(proof, at)).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
    accept(client, record);
    const { account, slots } = client.verifyAccount(proof, at);
    expect(account.nonce).toBe(1n);
    expect(slots.map(({ value }) => toHex(value))).toEqual([`0x${word(33)}`, `0x${word(0)}`]);
    const [first, second] = proof.storageProof as [(typeof proof.storageProof)[0], (typeof proof.storageProof)[0]];
    const lies = [
      { ...proof, account: { ...proof.account, balance: 1n } },
      { ...proof, account: { ...proof.account, storageRoot: other } },
      { ...proof, storageProof: [{ ...first, value: second.value }] },
      { ...proof, storageProof: [{ ...second, value: first.value }] },
      { ...proof, accountProof: proof.accountProof.slice(1) },
    ];
    for (const lie of lies) expect(() => client.verifyAccount(lie, at)).toThrow(refusedAs('LIGHT_BAD_PROOF'));
    expect(() => client.verifyAccount(proof, { ...at, address: GOVERNANCE })).toThrow(refusedAs('LIGHT_BAD_PROOF'));
    const nobody = { address: testKey(900).address, number: 1 };
    const absent = await ledger.proof(nobody.address, [slot], 1);
    expect(client.verifyAccount(absent, nobody).account.balance).toBe(0n);
    expect(() => client.verifyAccount({ ...absent, account: { ...absent.account, nonce: 1n } }, nobody)).toThrow(
      refusedAs('LIGHT_BAD_PROOF'),
    );
  });

  it('needs no more than the sealers of the genesis file', async () => {
    const { block, consortium } = await chain();
    const { record } = await block(callData('set(uint256,uint256)', 3, 33));
    const client = createLightClient({
      genesisSealers: consortium.keys.map(({ address }) => address),
      verifyCertificate: verifyTestCertificate,
    });
    expect([client.height, client.sealers.length]).toEqual([0, consortium.keys.length]);
    expect(() => client.head).toThrow(refusedAs('LIGHT_UNTRUSTED_HEADER'));
    expect(() => accept(client, { ...record, certificate: certify([1, 2, 3].map(testKey), record.header) })).toThrow(
      refusedAs('LIGHT_UNTRUSTED_HEADER'),
    );
    expect(accept(client, record).number).toBe(1);
    expect(client.head.hash).toBe(record.header.hash);
  });

  it('exchanges certified headers as bytes', async () => {
    const { block } = await chain();
    const { record } = await block(callData('set(uint256,uint256)', 3, 33));
    const { header, certificate } = decodeCertifiedHeader(
      encodeCertifiedHeader({ header: record.header, certificate: present(record.certificate) }),
    );
    expect(header.hash).toBe(record.header.hash);
    expect(certificate).toEqual(record.certificate);
  });
});

/** Where `values[key]` stands: the mapping is in slot 0. */
function slotOf(key: number): Uint8Array {
  return keccak256(fromHex(`0x${word(key)}${word(0)}`));
}
