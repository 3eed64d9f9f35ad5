import { EVM, EVMError, type EVMOpts, type ExecResult, type Message } from '@ethereumjs/evm';
import { type Address, equalBytes, fromHex } from '../../../crypto/index.ts';
import { invariant } from '../../../errors.ts';
import { TRANSACTION_GAS_MAX } from '../../../limits.ts';
import type { PayloadCommitment } from '../../payload/payload.ts';
import type { JournaledState } from '../journaled-state.ts';
import { keyOf } from '../state-snapshot.ts';
import type { BuiltIn, BuiltInCall, BuiltInPlace } from './built-in.ts';
import { type BuiltInResult, runBuiltIn } from './run-built-in.ts';

export interface BuiltInEvmOptions extends EVMOpts {
  readonly builtIns: readonly BuiltIn[];
  readonly state: JournaledState;
}

/**
 * The library's EVM with contracts that are part of the node. What it offers for that, `customPrecompiles`, is handed the
 * data and the gas and nothing else; a record needs its author, and must know whether it may write. So the contracts
 * are registered there (which makes their addresses warm), and when the code of a message is looked up, which is once
 * per message, the function that stands for the contract is bound to that message.
 */
export class BuiltInEvm extends EVM {
  /** The body that the transaction being executed carries; whoever runs transactions sets it. */
  payload: PayloadCommitment | undefined;
  private readonly builtIns: ReadonlyMap<string, BuiltIn>;
  private readonly state: JournaledState;

  constructor({ builtIns, state, ...options }: BuiltInEvmOptions) {
    super({
      ...options,
      customPrecompiles: builtIns.map(({ address }) => ({ address, function: unbound })),
    });
    this.builtIns = new Map(builtIns.map((builtIn) => [keyOf(fromHex(builtIn.address)), builtIn]));
    this.state = state;
  }

  /** Where a call of a built-in contract happens that runs now. */
  place(address: Address): BuiltInPlace {
    return placeIn(this.state, address, { header: this._block?.header, payload: this.payload });
  }

  protected override async _loadCode(message: Message): Promise<void> {
    const builtIn = message.code ? undefined : this.builtIns.get(keyOf(message.codeAddress.bytes));
    if (builtIn === undefined) return super._loadCode(message);
    if (builtIn.needsAccount && (await this.state.getCode(message.codeAddress)).length === 0) {
      message.code = new Uint8Array(0);
      message.isCompiled = false;
      return;
    }
    message.isCompiled = true;
    message.code = async ({ gasLimit }) => {
      const gas = gasLimit > TRANSACTION_GAS_MAX ? TRANSACTION_GAS_MAX : gasLimit;
      const result = await runBuiltIn(builtIn, callOf(message), { place: this.place(builtIn.address), gas: Number(gas) });
      return this.finish(builtIn, result, gasLimit);
    };
  }

  private finish(builtIn: BuiltIn, result: BuiltInResult, gasLimit: bigint): ExecResult {
    if (result.status === 'out-of-gas') {
      return failure(EVMError.errorMessages.OUT_OF_GAS, { returnValue: result.returnData, executionGasUsed: gasLimit });
    }
    const done = { returnValue: result.returnData, executionGasUsed: BigInt(result.gasUsed) };
    if (result.status === 'reverted') return failure(EVMError.errorMessages.REVERT, done);
    const owner = fromHex(builtIn.address);
    const account = keyOf(owner);
    for (const [slot, value] of result.writes) this.state.writeSlot(account, slot, value);
    return { ...done, logs: result.logs.map(({ topics, data }) => [owner, [...topics], data]) };
  }
}

/** Where a call of the built-in contract at `address` happens. */
export function placeIn(
  state: JournaledState,
  address: Address,
  now: {
    readonly header: { readonly number: bigint; readonly timestamp: bigint } | undefined;
    readonly payload: PayloadCommitment | undefined;
  },
): BuiltInPlace {
  invariant(now.header !== undefined, 'a built-in contract runs within a block');
  const account = keyOf(fromHex(address));
  return {
    blockNumber: now.header.number,
    timestampSeconds: now.header.timestamp,
    payload: now.payload,
    storage: { read: (slot) => state.readSlot(account, slot) },
  };
}

function callOf(message: Message): BuiltInCall {
  const { caller, data, value, isStatic, delegatecall, to, codeAddress } = message;
  // CALLCODE is told from CALL by the two addresses: it runs another's code as its own.
  const isDelegated = delegatecall || to === undefined || !equalBytes(to.bytes, codeAddress.bytes);
  return { caller: caller.bytes, data, value, isStatic, isDelegated };
}

function failure(error: EVMError['error'], rest: Omit<ExecResult, 'exceptionError'>): ExecResult {
  return { ...rest, exceptionError: new EVMError(error) };
}

function unbound(): never {
  throw new Error('a built-in contract is bound to a message before it runs');
}
