import { defineErrors } from '../errors.ts';

/** What can go wrong when a node speaks to the consortium's contracts. */
export const contractErrors = defineErrors({
  CONTRACT_REVERTED: {
    summary: 'The contract refused the call',
    action: 'Read data.errorName and data.args; docs/reference/contracts.md says what each reason means',
  },
  CONTRACT_OUT_OF_GAS: {
    summary: 'The transaction used up all the gas that one transaction may use',
    action: 'Split the work over several transactions',
  },
  CONTRACT_REJECTED: {
    summary: 'The node did not take the transaction or the call',
    action: 'Read data.reason; correct the transaction or ask another node',
  },
  CONTRACT_UNREACHABLE: {
    summary: 'The ledger node does not answer',
    action: 'Check that the node runs and can be reached; the transaction in data.transactionHash, if any, may still be executed',
  },
  CONTRACT_TIMEOUT: {
    summary: 'The transaction was sent but is in no block yet',
    action:
      'Look at the health of the consortium, then ask for the receipt of data.transactionHash; do not send it a second time',
  },
  CONTRACT_NO_KEY: {
    summary: 'This client only reads: it was made without a key',
    action: 'Give the client the key of the account that shall send',
  },
  CONTRACT_BUSY: {
    summary: 'Too many transactions of this client wait for their receipts',
    action: 'Wait until some have come back, then send again',
  },
  CONTRACT_BAD_ANSWER: {
    summary: 'The node answered something that the contract cannot have said',
    action: 'Check that the node is on the right chain and runs a compatible version',
  },
  CONTRACT_LANE_BROKEN: {
    summary: 'The events of a lane do not give the tree that the ledger shows',
    action: 'Read the lane again from its first block, from another node if it happens again',
  },
});
