import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertifiedRole,
  certificateToJson,
  encodeHello,
  genesisHash,
  issueCertificate,
  keyToJson,
  type NodeFileInput,
  type ObserverCertificate,
  readGenesis,
  readKeyFile,
  signContact,
  WIRE_VERSIONS,
} from '../../../src/consortium/index.ts';
import { type Address, drawKey, type NodeKey, toHex } from '../../../src/crypto/index.ts';

/** A key that no member has. */
export function freshKey(): NodeKey {
  return drawKey((length) => randomBytes(length));
}

/** The key of a node folder. */
export function keyIn(folder: string): NodeKey {
  const file = join(folder, 'key.json');
  return readKeyFile({ file, text: readFileSync(file, 'utf8') });
}

export function genesisIn(home: string) {
  return readGenesis(readFileSync(join(home, 'genesis.json'), 'utf8'));
}

/** A certificate for a day unless another time is said, by whoever signs. */
export function certify(
  request: { readonly observer: Address; readonly role: CertifiedRole; readonly chainId: number; readonly seconds?: number },
  by: NodeKey,
): ObserverCertificate {
  const { observer, role, chainId, seconds = 86_400 } = request;
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + seconds;
  return issueCertificate({ observer, role, chainId, expiresAtSeconds, serial: toHex(randomBytes(32)) }, by);
}

/** Lays out the folder of a node that is to join, beside those of the consortium. */
export function layOutNode(
  folder: string,
  node: { readonly file: NodeFileInput; readonly key: NodeKey; readonly certificate?: ObserverCertificate },
): string {
  mkdirSync(folder);
  writeFileSync(join(folder, 'node.json'), JSON.stringify(node.file));
  writeFileSync(join(folder, 'key.json'), keyToJson(node.key), { mode: 0o600 });
  if (node.certificate !== undefined) writeFileSync(join(folder, 'certificate.json'), certificateToJson(node.certificate));
  return folder;
}

/** The hello that a node of this consortium says, for a peer that speaks through bare streams. */
export function helloOf(home: string, key: NodeKey, certificate: ObserverCertificate): Uint8Array {
  const genesis = genesisIn(home);
  const { role, company } = certificate;
  const contact = signContact({ role, company, name: 'Bare peer', addresses: [], sequence: Date.now(), certificate }, key);
  return encodeHello({ wireVersions: WIRE_VERSIONS, chainId: genesis.chainId, genesisHash: genesisHash(genesis), contact });
}
