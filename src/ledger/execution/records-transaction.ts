import { equalBytes, fromHex, toHex } from '../../crypto/index.ts';
import { bloomOf } from '../chain/bloom.ts';
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../chain/header.ts';
import type { Outcome } from '../chain/receipt-codec.ts';
import type { SignedTransaction } from '../pool/transaction-codec.ts';
import { plainUpfrontGas } from '../pool/transaction-fields.ts';
import type { JournaledState } from './journaled-state.ts';
import { RECORDS_ADDRESS } from './precompiles/addresses.ts';
import { placeIn } from './precompiles/built-in-evm.ts';
import { records } from './precompiles/records.ts';
import { type BuiltInResult, runBuiltIn } from './precompiles/run-built-in.ts';
import { keyOf, type StoredAccount } from './state-snapshot.ts';

const RECORDS_BYTES = fromHex(RECORDS_ADDRESS);
const RECORDS_KEY = keyOf(RECORDS_BYTES);
const NO_CODE = fromHex(EMPTY_CODE_HASH);

const NEW_ACCOUNT: StoredAccount = { nonce: 0n, balance: 0n, storageRoot: fromHex(EMPTY_TRIE_ROOT), codeHash: NO_CODE };

/** A transaction that is in the block, or why it cannot be. */
export type Ran = { readonly outcome: Outcome } | { readonly refused: string };

/** Where a transaction runs. */
export interface TransactionPlace {
  readonly state: JournaledState;
  readonly header: { readonly number: bigint; readonly timestamp: bigint; readonly coinbase: { readonly bytes: Uint8Array } };
  readonly gasBefore: bigint;
}

/**
 * Runs a transaction that calls the records contract and nothing else, without the library: what a sealer does most must
 * cost least. Undefined for every transaction that is not as simple as that, and for every one that may not run or whose
 * accounts are in an unusual state: those take the general way, which gives the same result for all that this one takes
 * (a property test compares roots, receipts, gas and errors).
 */
export function runRecordsTransaction(
  signed: SignedTransaction,
  place: TransactionPlace,
): Ran | undefined | Promise<Ran | undefined> {
  if (!isSimpleRecord(signed)) return undefined;
  const { state } = place;
  const sender = state.readAccount(keyOf(fromHex(signed.sender)));
  const coinbase = state.readAccount(keyOf(place.header.coinbase.bytes));
  const contract = state.readAccount(RECORDS_KEY);
  if (!(sender instanceof Promise) && !(coinbase instanceof Promise) && !(contract instanceof Promise)) {
    return runWith(signed, place, { sender, coinbase, contract });
  }
  return Promise.all([sender, coinbase, contract]).then(([sender, coinbase, contract]) =>
    runWith(signed, place, { sender, coinbase, contract }),
  );
}

/** Nothing is paid or transferred, and the payload precompile would have nothing to say. */
function isSimpleRecord({ fields, payload }: SignedTransaction): boolean {
  const { isPlain, to, value, feeCap } = fields;
  return to === RECORDS_ADDRESS && isPlain && value === 0n && feeCap === 0n && payload === undefined;
}

interface Accounts {
  readonly sender: StoredAccount | null;
  readonly coinbase: StoredAccount | null;
  readonly contract: StoredAccount | null;
}

function runWith(
  signed: SignedTransaction,
  place: TransactionPlace,
  { sender, coinbase, contract }: Accounts,
): Ran | undefined | Promise<Ran> {
  const { fields } = signed;
  const { intrinsic, floor } = plainUpfrontGas(fields.data);
  const gasLimit = Number(fields.gasLimit);
  if (sender !== null && !equalBytes(sender.codeHash, NO_CODE)) return undefined;
  if (gasLimit < Math.max(intrinsic, floor)) return undefined;
  const nonce = sender?.nonce ?? 0n;
  if (nonce !== fields.nonce) return { refused: wrongNonce(nonce, fields.nonce) };
  // Even a fee of nothing touches the proposer's account, and an account that is touched and empty is removed (EIP-161).
  if (coinbase !== null && isEmpty(coinbase)) return undefined;
  if (contract === null || equalBytes(contract.codeHash, NO_CODE)) return undefined;
  const { state, header } = place;
  const call = { caller: fromHex(signed.sender), data: fields.data, value: 0n, isStatic: false, isDelegated: false };
  const result = runBuiltIn(records, call, {
    place: placeIn(state, RECORDS_ADDRESS, { header, payload: undefined }),
    gas: gasLimit - intrinsic,
  });
  const finish = (done: BuiltInResult): Ran => {
    state.writeAccount(keyOf(call.caller), { ...(sender ?? NEW_ACCOUNT), nonce: nonce + 1n });
    for (const [slot, value] of done.writes) state.writeSlot(RECORDS_KEY, slot, value);
    const gasUsed = BigInt(Math.max(intrinsic + done.gasUsed, floor));
    return { outcome: outcomeOf(signed, done, { gasUsed, gasBefore: place.gasBefore }) };
  };
  return result instanceof Promise ? result.then(finish) : finish(result);
}

function outcomeOf(
  { sender, hash, fields }: SignedTransaction,
  result: BuiltInResult,
  { gasUsed, gasBefore }: { readonly gasUsed: bigint; readonly gasBefore: bigint },
): Outcome {
  const logs = result.logs.map(({ topics, data }) => ({
    address: RECORDS_ADDRESS,
    topics: topics.map(toHex),
    data: toHex(data),
  }));
  return {
    status: result.status === 'succeeded' ? 1 : 0,
    gasUsed,
    cumulativeGasUsed: gasBefore + gasUsed,
    logs,
    logsBloom: bloomOf(logs),
    from: sender,
    to: RECORDS_ADDRESS,
    contractAddress: undefined,
    type: fields.type,
    transactionHash: hash,
    ...(result.status === 'reverted' && result.returnData.length > 0 && { revertData: toHex(result.returnData) }),
  };
}

/** In the library's words: under load a proposer meets many that are in a block already. */
function wrongNonce(account: bigint, transaction: bigint): string {
  return `the tx doesn't have the correct nonce. account has nonce of: ${account} tx has nonce of: ${transaction}`;
}

function isEmpty({ nonce, balance, codeHash }: StoredAccount): boolean {
  return nonce === 0n && balance === 0n && equalBytes(codeHash, NO_CODE);
}
