/**
 * What records cost, in gas. The interpreter executes some 11 million gas a second of one core; a call of this contract
 * takes some ten microseconds, its part of the block's trie included, which would be about 110 gas at that rate. What a
 * record leaves behind for ever is what it is charged for: a slot that was empty costs about a quarter of what SSTORE
 * takes, because the trie is written once per block and not once per slot, and a log costs what it costs everywhere. The
 * prices are fixed: there are no warm and cold slots and no refunds, so a price is known before the call.
 */
export const RECORDS_GAS = {
  /** Any call: reading the selector and the arguments. */
  call: 200,
  /** Each record of a call: the places of its slots are Keccak hashes of two words each. */
  record: 200,
  /** A slot that is read, or looked at before it is written. */
  slotRead: 200,
  /** A slot that was empty. */
  slotNew: 5_000,
  /** A slot that held another value, or is emptied. Writing what is there already is free. */
  slotChanged: 1_000,
  /** A log and each of its topics, as LOG0 to LOG4. */
  log: 375,
  logTopic: 375,
  /** A byte of a log's data, as everywhere. */
  logByte: 8,
} as const;
