import { defineErrors } from '../errors.ts';

/** What can go wrong in services, tasks, vouchers and channels. */
export const marketErrors = defineErrors({
  SERVICE_UNKNOWN: {
    summary: 'The node does not offer this service',
    action: 'Ask for one of the services that the node lists, or let the registry match a node that offers it',
  },
  SERVICE_INPUT_INVALID: {
    summary: 'The service cannot read this input',
    action: 'Correct what the detail names; the layout of each media type is in docs/reference/tasks-and-payment.md',
  },
  SERVICE_MEDIA_TYPE: {
    summary: 'The service does not take this media type',
    action: 'Send one of the media types that the service lists',
  },
  SERVICE_INPUT_TOO_LARGE: {
    summary: 'The input is larger than the service takes',
    action: 'Send a shorter window or fewer axes',
  },
  SERVICE_MODEL_MISSING: {
    summary: 'The node does not have the model that the service runs',
    action: 'Put the file where the node looks for it; `treadle model inspect` prints the digest of a file',
  },
  SERVICE_MODEL_DIFFERS: {
    summary: 'A model is not the one that its digest names',
    action: 'Put the file with this digest there, or name the digest of the one that is meant',
  },
  SERVICE_OUTPUT_TOO_LARGE: {
    summary: 'The service made a larger output than it may',
    action: 'This is a defect of the service: report it with the input that caused it',
  },
  TASK_UNKNOWN: {
    summary: 'The chain shows no match under this task id',
    action: 'Ask the registry for a match first, and send the task only to the node that it names',
  },
  TASK_NOT_YOURS: {
    summary: 'The match of this task names another device or another edge node',
    action: 'Send the task from the device that asked for the match to the node that was matched',
  },
  TASK_NOT_OPEN: {
    summary: 'The match of this task is completed, failed or expired',
    action: 'Ask the registry for a new match',
  },
  TASK_BUSY: {
    summary: 'The edge node has no place for another task now',
    action: 'Try again later, or let the device report the node and take the next best',
  },
  TASK_UNPAID: {
    summary: 'The device has too many unpaid tasks at this edge node',
    action: 'Pay for the finished tasks; see `treadle channel show` for payments that are still on their way',
  },
  TASK_DEADLINE: {
    summary: 'The task did not end before its deadline',
    action: 'Give the task more time or send a smaller input',
  },
  TASK_NO_MATCH: {
    summary: 'No edge node matches',
    action: 'Depending on the reason: choose another service, wait for capacity, or raise the price limit',
  },
  TASK_FAILED: {
    summary: 'Every edge node that was tried failed',
    action: 'Look at the attempts in the data: each names its node and its error',
  },
  TASK_REJECTED: {
    summary: 'The edge node refused the input, and signed that it did',
    action: 'Correct the input as the detail says; the node is not at fault and nothing is owed',
  },
  TASK_RESULT_FORGED: {
    summary: 'The result is not signed by the matched node, or not for this input',
    action: 'Nothing: the device reports the node and takes the next best',
  },
  VOUCHER_FORGED: {
    summary: 'The voucher is not signed by the payer of its channel for this contract and chain',
    action: 'Check the chain id and the contract address of the payer, and that it signs with the key that opened the channel',
  },
  VOUCHER_CHANNEL_UNKNOWN: {
    summary: 'The chain shows no such channel to this payee',
    action: 'Open a channel to this payee and use its id',
  },
  VOUCHER_NOT_INCREASING: {
    summary: 'The voucher is worth no more than one held already, and is not a repeat of it',
    action: 'Sign a cumulative amount above the best voucher so far; `data.bestWei` names it',
  },
  VOUCHER_ABOVE_DEPOSIT: {
    summary: 'The voucher promises more than the deposit of its channel',
    action: 'Top up the channel first, then send the voucher again',
  },
  VOUCHER_CHANNEL_CLOSING: {
    summary: 'The channel is closing or closed',
    action: 'Open a new channel and pay through that one',
  },
  VOUCHER_WRONG_PAYMENT: {
    summary: 'A payment does not agree with the match on the chain',
    action: 'Pay the matched edge node the matched price, once, for a task of your own',
  },
  VOUCHER_FORWARDING_FULL: {
    summary: 'Too many payments to this edge node wait for its acknowledgement',
    action: 'Wait until the edge node answers the proxy again; `treadle channel show` shows how many wait',
  },
  VOUCHER_RECEIPT_FORGED: {
    summary: 'The payee answered a voucher without a valid acknowledgement',
    action: 'Keep the voucher; look at the log of the payee, and stop paying through it if it repeats',
  },
  VOUCHER_MISDIRECTED: {
    summary: 'The proxy shows an acknowledgement that is not from the matched edge node',
    action: 'Stop paying through this proxy and show the data to the consortium: it carries the proof',
  },
  CHANNEL_UNDELIVERED: {
    summary: 'Too many payments have not reached their edge nodes',
    action: 'Wait, or pay through another proxy; `treadle channel show` names the payments and the edge nodes',
  },
  CHANNEL_FULL: {
    summary: 'Too many payments on this channel wait for an acknowledgement',
    action: 'Wait until the payee answers; payments are delivered in order and none is lost',
  },
  CHANNEL_DEPOSIT_LIMIT: {
    summary: 'Paying this needs a larger deposit than the policy of this node allows',
    action: 'Raise the deposit limit of the node, or settle and open a new channel',
  },
  CHANNEL_TOO_MANY: {
    summary: 'The voucher book holds as many channels as it may',
    action: 'Close channels that are no longer used',
  },
  CHANNEL_PENDING_PAYMENTS: {
    summary: 'The channel still has payments that the payee has not acknowledged',
    action: 'Wait for the acknowledgements, or close with `force` and leave it to the payee to claim what it holds',
  },
});

export type MarketErrorCode = keyof typeof marketErrors;
