import { defineErrors } from '../errors.ts';

/** What can go wrong in the oracle. The same table is in docs/reference/errors/oracle.md. */
export const oracleErrors = defineErrors({
  ORACLE_BUSY: {
    summary: 'The oracle node has as much under way as it takes',
    action: 'Ask again later; if it stays so, the sources that it reads are slow or somebody floods it: see its metrics',
  },
  ORACLE_NOT_YOURS: {
    summary: 'The oracle node does not do this for whoever asks',
    action: 'Only the master of the term, and the work nodes from their block on, may ask for this',
  },
  ORACLE_SEAL_INVALID: {
    summary: 'The answer was not sealed for this key, or was changed',
    action: 'Open it with the secret of the key that the request named as encryptTo',
  },
  ORACLE_NOT_READY: {
    summary: 'The oracle node does not have the state of the ledger that it needs',
    action: 'Wait until its ledger has caught up',
  },
});
