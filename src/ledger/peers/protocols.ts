/** The names of the ledger's protocols on the wire; a change of format takes a new number. */
export const LEDGER_PROTOCOLS = {
  /** Frame: RLP list of encoded transactions. */
  transactions: 'tx/1',
  /** Frame: RLP of [number, hash, genesis hash], the sender's head. Who sends one is told about every new head. */
  head: 'head/1',
  /** Request: RLP list of transaction hashes. Answer: RLP list of those transactions that the peer holds, in any order. */
  bodies: 'bodies/1',
  /** Request: RLP of [first number, count]. Answer: RLP of [head number, [block...]], as many as fit. */
  blocks: 'blocks/1',
  /**
   * Request: RLP of [first number, count]. Answer: RLP list of stored headers (RLP of [header, certificate, transactions so
   * far?]), ending where the peer has no more or the answer is full.
   */
  headers: 'headers/1',
  /** Request: RLP list of hashes. Answer: RLP list of trie nodes and code in that order, empty where the peer has none; the last may be left out. */
  nodes: 'nodes/1',
  /** Request: RLP of a block number. Answer: what its transactions came to as it is stored, or nothing. */
  receipts: 'receipts/1',
  /** Request: a hash. Answer: RLP of [block number, index] of the transaction, or of [number, 0] of the block, or nothing. */
  find: 'find/1',
} as const;
