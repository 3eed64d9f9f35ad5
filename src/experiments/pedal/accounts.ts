import { decodeRefusal, signTransaction } from '../../contracts/index.ts';
import { type Address, fromHex, type Hex, keccak256, keyFrom, type NodeKey } from '../../crypto/index.ts';
import type { World } from '../../environment/sim/index.ts';
import { TreadleError } from '../../errors.ts';
import type { Ledger, ReceiptRecord } from '../../ledger/index.ts';
import { PEDAL_RESEND_MICROS } from '../../limits.ts';
import type { Dice } from '../faults/dice.ts';
import type { BlockWatch } from './block-watch.ts';

/** What became of a transaction. */
export type Sent =
  | { readonly state: 'done'; readonly receipt: ReceiptRecord }
  /** `reason`: the name of the contract's error. */
  | { readonly state: 'reverted'; readonly reason: string; readonly receipt: ReceiptRecord }
  /** No block will ever have it. */
  | { readonly state: 'refused'; readonly code: string };

export interface Call {
  /** `0x` deploys. */
  readonly to: Address;
  readonly data?: Hex;
  readonly valueWei?: bigint;
  readonly gas?: bigint;
}

/** Whoever has a key and no node: clients, and strangers. */
export interface Account {
  readonly name: string;
  readonly key: NodeKey;
}

interface Open {
  readonly account: Account;
  readonly raw: Uint8Array;
  readonly to: Address;
  readonly resolve: (sent: Sent) => void;
}

const GAS = 3_000_000n;

/** Hands in transactions of accounts at whichever sealer is up, again and again until a block has them. */
export class Accounts {
  readonly #options: {
    readonly world: World;
    readonly chainId: number;
    readonly dice: Dice;
    /** Ledgers of sealers that are up. */
    readonly sealers: () => readonly Ledger[];
  };
  readonly #nonces = new Map<Address, bigint>();
  readonly #open = new Map<Hex, Open>();

  constructor(
    options: {
      readonly world: World;
      readonly chainId: number;
      readonly dice: Dice;
      readonly sealers: () => readonly Ledger[];
    },
    watch: BlockWatch,
  ) {
    this.#options = options;
    watch.onBlock(({ receipts }) => {
      for (const receipt of receipts) this.#included(receipt);
    });
    this.#resend();
  }

  account(name: string): Account {
    return { name, key: keyFrom(keccak256(new TextEncoder().encode(`treadle oracle account ${name}`))) };
  }

  /** Transactions that no block has yet. */
  get open(): number {
    return this.#open.size;
  }

  /** Sends; the account's transactions come in the order of calls. */
  send(account: Account, { to, data = '0x', valueWei = 0n, gas = GAS }: Call): Promise<Sent> {
    const { address } = account.key;
    const nonce = this.#nonces.get(address) ?? 0n;
    this.#nonces.set(address, nonce + 1n);
    const fields = { chainId: this.#options.chainId, nonce, gas, to, value: valueWei, data };
    const { raw, hash } = signTransaction(fields, account.key);
    return new Promise((resolve) => {
      const open = { account, raw: fromHex(raw), to, resolve };
      this.#open.set(hash, open);
      this.#offer(hash, open, () => {
        // The number is free again when nothing came after it.
        if (this.#nonces.get(address) === nonce + 1n) this.#nonces.set(address, nonce);
      });
    });
  }

  #offer(hash: Hex, open: Open, giveBack: () => void = () => undefined): void {
    const sealers = this.#options.sealers();
    if (sealers.length === 0) return;
    this.#options.dice
      .pick(sealers)
      .submitMany([{ raw: open.raw }])
      .then(([answer]) => {
        if (!(answer instanceof TreadleError) || PASSING.has(answer.code)) return;
        if (!this.#open.delete(hash)) return;
        giveBack();
        open.resolve({ state: 'refused', code: answer.code });
      })
      // A sealer that stops answers nobody; it is handed in elsewhere.
      .catch(() => undefined);
  }

  #resend(): void {
    this.#options.world.at(PEDAL_RESEND_MICROS, () => {
      for (const [hash, open] of this.#open) this.#offer(hash, open);
      this.#resend();
    });
  }

  #included(receipt: ReceiptRecord): void {
    const open = this.#open.get(receipt.transactionHash);
    if (open === undefined) return;
    this.#open.delete(receipt.transactionHash);
    if (receipt.status === 1) return open.resolve({ state: 'done', receipt });
    open.resolve({ state: 'reverted', reason: refusalOf(open.to, receipt), receipt });
  }
}

function refusalOf(to: Address, { revertData }: ReceiptRecord): string {
  return (revertData === undefined ? undefined : decodeRefusal(to, revertData)?.errorName) ?? 'unknown';
}

/** What a later try may get past; a number that is used up belongs to a transaction that a block has. */
const PASSING: ReadonlySet<string> = new Set([
  'POOL_KNOWN',
  'POOL_FULL',
  'POOL_SENDER_FULL',
  'POOL_BUSY',
  'POOL_NOT_MEMBER',
  'POOL_ALONE',
  'POOL_NONCE_TOO_LOW',
  'POOL_NONCE_TOO_HIGH',
]);
