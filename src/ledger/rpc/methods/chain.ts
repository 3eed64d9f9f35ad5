import { RPC_FEE_HISTORY_BLOCKS_MAX, RPC_FEE_PERCENTILES_MAX } from '../../../limits.ts';
import { feeHistory, MIN_BLOB_BASE_FEE_WEI } from '../fee-history.ts';
import { type Method, type MethodTable, method, optional, type Parser, required } from '../method.ts';
import { headerAt, parseBlockNumber } from '../parse-block-id.ts';
import { parseWholeNumber, quantity } from '../quantity.ts';
import { invalidParameter } from '../rpc-error.ts';
import type { RpcServices } from '../services.ts';
import { formatSyncing } from '../syncing.ts';

/** What the chain as a whole is, and what its gas costs: nothing. */
export function chainMethods(services: RpcServices): MethodTable {
  const { ledger, treadle, environment } = services;
  return {
    eth_chainId: method('The chain id of signed transactions.', [], () => quantity(ledger.chainId)),
    eth_blockNumber: method('Number of the newest block; every block is final.', [], () => quantity(ledger.head.number)),
    eth_syncing: method('False, or how far a node that catches up has come.', [], () => formatSyncing(treadle.node())),
    eth_gasPrice: method('Always 0x0: gas is metered but free.', [], () => '0x0'),
    eth_maxPriorityFeePerGas: method('Always 0x0: no tip buys an earlier place.', [], () => '0x0'),
    eth_blobBaseFee: method('The least that EIP-4844 allows; blob transactions are not taken.', [], () =>
      quantity(MIN_BLOB_BASE_FEE_WEI),
    ),
    eth_feeHistory: feeHistoryMethod(services),
    eth_coinbase: method("This node's account.", [], () => environment.node),
    eth_mining: method('Always false: blocks are agreed on, not mined.', [], () => false),
    eth_hashrate: method('Always 0x0.', [], () => '0x0'),
    eth_protocolVersion: method("Version of the nodes' own protocol.", [], () => '0x1'),
  };
}

function feeHistoryMethod({ ledger }: RpcServices): Method {
  return method(
    'Base fees (0), how full blocks were and, for given percentiles, tips of the last blocks.',
    [
      required('blockCount', parseWholeNumber),
      required('newestBlock', parseBlockNumber),
      optional('rewardPercentiles', parsePercentiles, []),
    ],
    async ([wanted, newestBlock, percentiles]) => {
      const newest = await headerAt(ledger, newestBlock);
      return feeHistory(ledger, { blockCount: Math.min(wanted, RPC_FEE_HISTORY_BLOCKS_MAX), newest, percentiles });
    },
  );
}

const parsePercentiles: Parser<readonly number[]> = (value, where) => {
  if (!Array.isArray(value)) throw invalidParameter(where, 'an array of percentiles', value);
  if (value.length > RPC_FEE_PERCENTILES_MAX)
    throw invalidParameter(where, `at most ${RPC_FEE_PERCENTILES_MAX} percentiles`, value);
  let last = 0;
  return value.map((percentile: unknown, index) => {
    if (typeof percentile !== 'number' || percentile < last || percentile > 100) {
      throw invalidParameter(`${where}[${index}]`, 'a number from 0 to 100, not below the one before', percentile);
    }
    last = percentile;
    return percentile;
  });
};
