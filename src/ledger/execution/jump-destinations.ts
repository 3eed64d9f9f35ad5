import { createEVM, type EVM } from '@ethereumjs/evm';
import { BoundedMap } from '../../bounded-map.ts';
import { invariant } from '../../errors.ts';
import { CODE_ANALYSES_MAX } from '../../limits.ts';

/**
 * The library looks for the jump destinations of a contract at every call of it: a tenth of the time of a block with
 * large contracts. They depend on the code alone, so here they are found once per code. Nothing else of the
 * interpreter is touched, and a test compares runs with and without.
 */

type Interpreter = NonNullable<Awaited<ReturnType<EVM['runCode']>>['runState']>['interpreter'];
type JumpAnalysis = ReturnType<Interpreter['_getValidJumpDestinations']>;

interface InterpreterMethods {
  _getValidJumpDestinations(this: { readonly _evm: EVM }, code: Uint8Array): JumpAnalysis;
}

/** The engines that remember, each with what it found. Code is never changed in place: its array is the key. */
const analysesOf = new WeakMap<EVM, BoundedMap<Uint8Array, JumpAnalysis>>();

/** Lets an engine remember the jump destinations of the codes that it runs. Other engines are left as they are. */
export function rememberJumpDestinations(evm: EVM): void {
  analysesOf.set(evm, new BoundedMap(CODE_ANALYSES_MAX));
}

const methods = await interpreterMethods();
const analyse = methods._getValidJumpDestinations;

methods._getValidJumpDestinations = function (code) {
  const analyses = analysesOf.get(this._evm);
  const known = analyses?.get(code);
  if (known !== undefined) return known;
  const found = analyse.call(this, code);
  analyses?.set(code, found);
  return found;
};

/** The class is not exported, but every run of some code shows an instance of it. */
async function interpreterMethods(): Promise<InterpreterMethods> {
  const { runState } = await (await createEVM()).runCode({ code: Uint8Array.of(0) });
  const found: InterpreterMethods | undefined = runState === undefined ? undefined : Object.getPrototypeOf(runState.interpreter);
  invariant(
    typeof found?._getValidJumpDestinations === 'function',
    'the interpreter of @ethereumjs/evm is the one that this file was written for',
  );
  return found;
}
