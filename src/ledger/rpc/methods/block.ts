import type { BlockId, BlockRecord } from '../../ledger.ts';
import { baseFeeOf, formatBlock } from '../format-block.ts';
import { formatReceipt } from '../format-receipt.ts';
import { effectiveGasPrice } from '../format-transaction.ts';
import { type Method, type MethodTable, method, optional, parseBoolean, required } from '../method.ts';
import { parseBlockId, parseBlockNumber } from '../parse-block-id.ts';
import { parseHash, parseQuantity, quantity } from '../quantity.ts';
import type { RpcServices } from '../services.ts';

const byNumber = required('block', parseBlockNumber);
const byHash = required('hash', parseHash);
const whole = optional('whole', parseBoolean, false);

/** Blocks, with their transactions and receipts. A block that this node does not have is null. */
export function blockMethods(services: RpcServices): MethodTable {
  const { ledger } = services;
  const read = async <T>(id: BlockId, then: (block: BlockRecord) => T): Promise<T | null> => {
    const block = await ledger.block(id);
    return block === undefined ? null : then(block);
  };
  const count = (block: BlockRecord): string => quantity(block.transactions.length);
  const noUncles = (): string => '0x0';
  const uncleIndex = required('index', parseQuantity);
  return {
    eth_getBlockByNumber: method(
      'A block by number or tag, with transaction hashes or whole transactions.',
      [byNumber, whole],
      ([id, full]) => read(id, (block) => formatBlock(block, full)),
    ),
    eth_getBlockByHash: method('A block by hash, with transaction hashes or whole transactions.', [byHash, whole], ([id, full]) =>
      read(id, (block) => formatBlock(block, full)),
    ),
    eth_getBlockTransactionCountByNumber: method('How many transactions a block holds.', [byNumber], ([id]) => read(id, count)),
    eth_getBlockTransactionCountByHash: method('How many transactions a block holds.', [byHash], ([id]) => read(id, count)),
    eth_getBlockReceipts: blockReceiptsMethod(services),
    eth_getUncleCountByBlockNumber: method('Always 0x0 for a known block: there are no uncles.', [byNumber], ([id]) =>
      read(id, noUncles),
    ),
    eth_getUncleCountByBlockHash: method('Always 0x0 for a known block: there are no uncles.', [byHash], ([id]) =>
      read(id, noUncles),
    ),
    eth_getUncleByBlockNumberAndIndex: method('Always null: there are no uncles.', [byNumber, uncleIndex], () => null),
    eth_getUncleByBlockHashAndIndex: method('Always null: there are no uncles.', [byHash, uncleIndex], () => null),
  };
}

function blockReceiptsMethod({ ledger }: RpcServices): Method {
  return method('The receipts of all transactions of a block.', [required('block', parseBlockId)], async ([id]) => {
    const block = await ledger.block(id);
    if (block === undefined) return null;
    const receipts = (await ledger.receipts(block.header.number)) ?? [];
    const baseFeeWei = baseFeeOf(block.header);
    return block.transactions.flatMap((transaction, index) => {
      const receipt = receipts[index];
      return receipt === undefined ? [] : [formatReceipt(receipt, effectiveGasPrice(transaction, baseFeeWei))];
    });
  });
}
