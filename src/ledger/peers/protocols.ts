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
} as const;
