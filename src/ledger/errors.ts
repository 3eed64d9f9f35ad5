import { defineErrors } from '../errors.ts';

/** What the ledger can say went wrong. The same table is in docs/reference/errors/ledger.md. */
export const LEDGER_ERRORS = defineErrors({
  GENESIS_INVALID: {
    summary: 'The genesis description is not valid',
    action: 'Correct the named field of genesis.json; every node of the consortium needs the identical file',
  },
  GENESIS_CONTRACT_FAILED: {
    summary: 'The constructor of a genesis contract failed',
    action: 'Check the init code and the constructor arguments of the named contract in genesis.json',
  },
  GENESIS_SEALERS_MISMATCH: {
    summary: 'The genesis sealers are not those that the governance contract answers',
    action: 'Make `sealers` in genesis.json and the constructor arguments of the governance contract agree',
  },
  GENESIS_OTHER_CHAIN: {
    summary: 'The data folder belongs to another chain',
    action: 'Start the node with the genesis.json that made this folder, or with an empty folder',
  },
  LEDGER_UNKNOWN_BLOCK: {
    summary: 'The block is not known here',
    action: 'Ask for a block up to the head, or wait until this node has caught up',
  },
  LEDGER_CALL_REVERTED: {
    summary: 'The call fails with every gas limit',
    action: 'Read data.error and data.returnData for the reason that the contract gave',
  },
  LEDGER_GAS_TOO_LOW: {
    summary: 'The gas limit is below what the call needs before it runs',
    action: 'Leave the gas limit out or raise it',
  },
  LEDGER_LOGS_RANGE: {
    summary: 'The range of blocks is empty or wider than one query may scan',
    action: 'Ask for a narrower range, several times if need be',
  },
  LEDGER_LOGS_TOO_MANY: {
    summary: 'More logs match than one answer may hold',
    action: 'Ask for a narrower range or name addresses and topics',
  },
  LEDGER_BUSY: {
    summary: 'Too many calls are running on this node',
    action: 'Try again after data.retryAfterMs, or ask another node',
  },
  LEDGER_BAD_BLOCK: {
    summary: 'A block does not follow the rules of the chain',
    action: 'Nothing on this node: the block was refused and its sender reported in the log',
  },
  LEDGER_BAD_CERTIFICATE: {
    summary: 'The certificate of a block is missing or does not carry a quorum of its sealers',
    action: 'Nothing on this node: the block was refused and its sender reported in the log',
  },
  LEDGER_NOT_NEXT: {
    summary: 'The block is not the one that comes after the head',
    action: 'Catch up first; the data say which number was expected',
  },
  LEDGER_DIVERGED: {
    summary: 'The sealers agreed on a block whose execution gives another result here',
    action: "Stop this node, check its version against the other companies', and keep the data folder for a report",
  },
  LEDGER_BODIES_MISSING: {
    summary: 'No peer could deliver the transactions of a block',
    action: 'Check the connections to the other sealers; the node tries again by itself',
  },
  LEDGER_CLOSED: {
    summary: 'The ledger has been closed',
    action: 'Start the node again',
  },
  LEDGER_DAMAGED: {
    summary: 'A part of the stored chain cannot be read and no peer could replace it',
    action:
      'Check the connections to the other nodes: what is missing is fetched from them; replace the disk when this comes again',
  },
  LEDGER_PRUNED: {
    summary: 'This node no longer keeps what is asked for',
    action:
      'Ask a node that keeps the whole chain, or raise storage.limitGb in node.json (0 keeps everything) and let the node join anew',
  },
  LEDGER_BAD_PIECE: {
    summary: 'A peer sent a piece of the chain that is not what was asked for',
    action: 'Nothing on this node: the piece was refused and its sender reported in the log',
  },
  LEDGER_MALFORMED: {
    summary: 'The bytes are not what the protocol defines',
    action: 'Check that both sides run compatible versions',
  },
  LIGHT_UNTRUSTED_HEADER: {
    summary: 'The sealers that this client trusts did not agree on this header',
    action: 'Give the client the headers where the set of sealers changed, or a newer trusted header',
  },
  LIGHT_BAD_PROOF: {
    summary: 'A Merkle proof does not lead to the root in the header',
    action: 'Ask another node: this one sent a damaged or forged proof',
  },
  POOL_FULL: {
    summary: 'The transaction pool is full',
    action: 'Try again after data.retryAfterMs milliseconds',
  },
  POOL_SENDER_FULL: {
    summary: 'The sender already has as many pooled transactions as one sender may',
    action: 'Wait until some of them are in a block',
  },
  POOL_KNOWN: {
    summary: 'The transaction is already known',
    action: 'Nothing: wait for its receipt',
  },
  POOL_NONCE_TOO_LOW: {
    summary: 'The nonce was already used by an earlier transaction of the sender',
    action: 'Sign again with the nonce in data.expected',
  },
  POOL_NONCE_TOO_HIGH: {
    summary: "The nonce is too far ahead of the sender's next one",
    action: 'Send the transactions in between first; data.expected is the next nonce',
  },
  POOL_UNDERPRICED_REPLACEMENT: {
    summary: 'Another transaction of the sender with this nonce is pooled and this one does not pay more',
    action: 'Use the next nonce, or raise both fees by at least a tenth to replace the pooled one',
  },
  POOL_INSUFFICIENT_FUNDS: {
    summary: 'The sender cannot pay the value and the gas of the transaction',
    action: 'Fund the sender or lower the value; gas may cost nothing here (gas price 0)',
  },
  POOL_WRONG_CHAIN: {
    summary: 'The transaction is signed for another chain or for none',
    action: 'Sign again with the chain id in data.chainId',
  },
  POOL_TOO_LARGE: {
    summary: 'The transaction is larger than this chain takes',
    action: 'Keep large data off the chain and put its hash on it',
  },
  POOL_INTRINSIC_GAS: {
    summary: 'The gas limit does not cover what the transaction costs before it runs',
    action: 'Raise the gas limit to at least data.minimum',
  },
  POOL_GAS_LIMIT: {
    summary: 'The gas limit is above what one transaction may use',
    action: 'Lower the gas limit to at most data.maximum, or split the work',
  },
  POOL_TYPE_REFUSED: {
    summary: 'This chain does not take transactions of this type',
    action: 'Use a legacy, access-list, fee-market or set-code transaction; blobs have no place to go here',
  },
  POOL_INVALID: {
    summary: 'The bytes are not a validly signed Ethereum transaction',
    action: 'Check the encoding and the signature',
  },
  POOL_SENDER_NOT_EOA: {
    summary: "The sender's address holds a contract",
    action: 'Sign with a key whose address holds no contract code',
  },
  POOL_BUSY: {
    summary: 'The node has no room left in memory for what others send it',
    action: 'Try again after data.retryAfterMs milliseconds, or ask another node',
  },
  POOL_NOT_MEMBER: {
    summary: 'The key of this node seals for no company (any more), so no other node would take the transaction from it',
    action: 'Send it to the node of a member, for instance to the one that runs with the new key',
  },
  POOL_ALONE: {
    summary:
      'No sealer has been connected to this node for some time, so it cannot promise that a block will hold the transaction',
    action: 'Ask another node, or try again after data.retryAfterMs milliseconds; as its operator, check its connections',
  },
  PAYLOAD_BAD_BODY: {
    summary: 'The body is not the one that the transaction commits to, or its length is not allowed',
    action: 'Send the bytes that were signed for; a body has 1 byte to 4 MiB, and larger files are sent in parts',
  },
  PAYLOAD_BAD_CHUNK: {
    summary: 'A chunk does not belong to the body',
    action: 'Nothing on this node: the chunk was refused and its sender reported in the log',
  },
  PAYLOAD_BAD_MEDIA_TYPE: {
    summary: 'The media type cannot be used',
    action: 'Name it as type/subtype in at most 64 printable ASCII characters, for example application/octet-stream',
  },
  PAYLOAD_MISSING: {
    summary: 'The body of a payload transaction is not on this node',
    action:
      'Send it with its transaction through treadle_sendPayloadTransaction or POST /batch; a body of a block is fetched from peers',
  },
  PAYLOAD_UNEXPECTED: {
    summary: 'A body came with a transaction that commits to none',
    action: 'Sign a payload transaction (type 0x50) for the body, or send the transaction without it',
  },
});
