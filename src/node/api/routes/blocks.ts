import type { Hex } from '../../../crypto/index.ts';
import { TreadleError } from '../../../errors.ts';
import type { BlockRecord } from '../../../ledger/index.ts';
import type { ChainContext } from '../context.ts';
import type { BlockDetail, BlockRow, CertificateView, ChainPage } from '../types.ts';
import { blockRow, transactionRows } from './chain-rows.ts';

/** Blocks below `before` (or from the head), newest first. */
export async function listBlocks(
  context: ChainContext,
  query: { readonly before?: number | undefined; readonly limit: number },
): Promise<ChainPage<BlockRow>> {
  const { ledger, names } = context;
  const end = ledger.head.number + 1;
  const from = Math.min(query.before ?? end, end);
  const numbers = Array.from({ length: Math.min(query.limit, from) }, (_, at) => from - 1 - at);
  const blocks = await Promise.all(numbers.map((number) => ledger.block(number)));
  const items = blocks.filter((block) => block !== undefined).map((block) => blockRow(block, names));
  const last = numbers.at(-1) ?? 0;
  return {
    items,
    older: last > 0 ? String(last) : null,
    newer: from < end ? String(Math.min(end, from + query.limit)) : null,
    total: end,
  };
}

/**
 * One block by number or hash, with a page of its transactions.
 *
 * @throws {@link TreadleError} API_NOT_FOUND
 */
export async function showBlock(
  context: ChainContext,
  id: string,
  page: { readonly offset: number; readonly limit: number },
): Promise<BlockDetail> {
  const { ledger, names } = context;
  const block = await ledger.block(parseBlockId(id));
  if (block === undefined) throw new TreadleError('API_NOT_FOUND', { detail: `There is no block ${id} on this chain` });
  const receipts = (await ledger.receipts(block.header.number)) ?? [];
  const { header } = block;
  return {
    ...blockRow(block, names),
    parentHash: header.parentHash,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    gasLimit: header.gasLimit.toString(),
    confirmations: ledger.head.number - header.number + 1,
    nextSealers: header.nextSealers.map(names.partyOf),
    certificate: await certificateView(context, block),
    transactionPage: {
      ...page,
      total: block.transactions.length,
      items: transactionRows(block, receipts, { from: page.offset, count: page.limit, names }),
    },
  };
}

function parseBlockId(id: string): number | Hex {
  if (/^\d{1,15}$/.test(id)) return Number(id);
  if (/^0x[0-9a-fA-F]{64}$/.test(id)) return id.toLowerCase() as Hex;
  throw new TreadleError('API_BAD_QUERY', { detail: 'A block is named by its number or its hash' });
}

async function certificateView({ ledger, treadle, names }: ChainContext, block: BlockRecord): Promise<CertificateView | null> {
  const { certificate, header } = block;
  if (certificate === undefined) return null;
  const parent = await ledger.header(header.number - 1);
  const sealers = parent?.nextSealers.length ?? certificate.signatures.length;
  return {
    round: certificate.round,
    digest: certificate.digest,
    signers: treadle.signers(certificate).map(names.partyOf),
    signatures: certificate.signatures.length,
    quorum: quorumOf(sealers),
    sealers,
  };
}

/** Votes that make a block of `sealers` final. */
export function quorumOf(sealers: number): number {
  return Math.floor((2 * sealers) / 3) + 1;
}
