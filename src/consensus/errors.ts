import { defineErrors } from '../errors.ts';

/** The codes that this folder raises. */
export const consensusErrors = defineErrors({
  CONSENSUS_MALFORMED: {
    summary: 'A consensus message or commit certificate is not in canonical form',
    action: 'Drop it and the peer that sent it; if your own node made it, report the defect with the log around this line',
  },
  CONSENSUS_OPTIONS: {
    summary: 'The options of the consensus core make no sense together',
    action: 'Correct the named option in the genesis or in the node configuration',
  },
});
