import { readGenesis } from '../../../src/light/read-genesis.ts';
import { type ProofBundle, parseBundle } from '../../../src/twins/proof-bundle.ts';
import { type Verdict, verifyBundle } from '../../../src/twins/verify-bundle.ts';

/** A reading and what was proved of it. */
export interface Checked {
  readonly reading: ProofBundle['reading'];
  readonly verdict: Verdict;
}

/** Proves a bundle by itself. @throws TreadleError with what is wrong */
export function checkBundle(text: string, genesis: string | undefined): Checked {
  const bundle = parseBundle(text);
  const trusted = genesis === undefined || genesis.trim() === '' ? undefined : readGenesis(genesis);
  return { reading: bundle.reading, verdict: verifyBundle(bundle, trusted === undefined ? {} : { genesis: trusted }) };
}
