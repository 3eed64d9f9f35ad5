import { verifyCertificate } from '../consensus/index.ts';
import { type Hex, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import {
  createLightClient,
  type Genesis,
  genesisDomain,
  type LightClient,
  RECORDS_ADDRESS,
  type RpcCertificate,
} from '../ledger/light/index.ts';
import { TWINS_BUNDLE_HEADERS_MAX } from '../limits.ts';
import { headAfter, streamOfOrigin } from './checkpoint.ts';
import './errors.ts';
import type { BundleAnchor, StorageProof } from './proof-bundle.ts';
import type { SegmentRecord } from './segment-record.ts';
import { streamSlots } from './verify-bundle.ts';

type RpcCall = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface ProveAnchorOptions {
  /** A full node, which is not trusted. */
  readonly rpc: RpcCall;
  readonly genesis: Genesis;
  readonly origin: string;
  /** The latest segment of the log. */
  readonly segment: SegmentRecord;
  /** Brings a light client to the newest header of the node, as `followHead` of src/light does. */
  readonly follow: (rpc: RpcCall, light: LightClient) => Promise<void>;
}

/**
 * Collects what shows that a segment is the latest of its stream: the headers from the genesis to the newest one, as few as needed,
 * and the stream's slots after it.
 * @throws TreadleError TWINS_ANCHOR_WRONG when the ledger has another segment, LIGHT_* when the node cannot show its headers
 */
export async function proveAnchor({ rpc, genesis, origin, segment, follow }: ProveAnchorOptions): Promise<BundleAnchor> {
  const domain = genesisDomain(genesis);
  const light = createLightClient({
    genesisSealers: genesis.sealers,
    verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
  });
  const accepted: { readonly rlp: Hex; readonly certificate: RpcCertificate }[] = [];
  await follow(rpc, noting(light, accepted));
  if (accepted.length === 0 || accepted.length > TWINS_BUNDLE_HEADERS_MAX)
    throw new TreadleError('TWINS_ANCHOR_WRONG', { detail: `the node leads to its newest block by ${accepted.length} headers` });
  const { author, previous, fromMs, toMs, count } = segment;
  const { totals, head } = streamSlots(author, streamOfOrigin(origin));
  const block = `0x${light.head.number.toString(16)}`;
  const told = (await rpc('eth_getProof', [RECORDS_ADDRESS, [totals, head], block])) as StorageProof;
  const onLedger = `0x${(told.storageProof[1]?.value ?? '0x0').slice(2).padStart(64, '0')}`;
  if (onLedger !== headAfter(segment))
    throw new TreadleError('TWINS_ANCHOR_WRONG', {
      detail: `after block ${light.head.number} the ledger has another checkpoint of ${origin} by ${author} than this copy of the log`,
      data: { expected: headAfter(segment), actual: onLedger },
    });
  const { balance, nonce, codeHash, storageHash, accountProof, storageProof } = told;
  return {
    author,
    segment: { previous, fromMs, toMs, count },
    headers: accepted,
    proof: { balance, nonce, codeHash, storageHash, accountProof, storageProof },
  };
}

/** The same client, which notes what it accepts. */
function noting(light: LightClient, accepted: { readonly rlp: Hex; readonly certificate: RpcCertificate }[]): LightClient {
  return {
    get head() {
      return light.head;
    },
    get height() {
      return light.height;
    },
    get sealers() {
      return light.sealers;
    },
    accept: (rlp, certificate) => {
      const header = light.accept(rlp, certificate);
      const { height, round, digest, signatures } = certificate;
      accepted.push({ rlp: toHex(rlp), certificate: { height, round, digest, signatures: signatures.map(toHex) } });
      return header;
    },
    header: (number) => light.header(number),
    verifyReceipt: (proof, hash) => light.verifyReceipt(proof, hash),
    verifyAccount: (proof, at) => light.verifyAccount(proof, at),
  };
}
