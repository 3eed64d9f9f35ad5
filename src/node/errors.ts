import { defineErrors } from '../errors.ts';

/** Error codes of `src/node`. */
export const nodeErrors = defineErrors({
  NODE_NO_UPSTREAM: {
    summary: 'No full node answers',
    action: 'Check that a sealer is running and reachable; the node keeps trying',
  },
  NODE_MISCONFIGURED: {
    summary: 'The node cannot be built from its configuration',
    action: 'Correct the named key of node.json',
  },
  NODE_RECEIPT_UNPROVED: {
    summary: 'A full node told of a receipt that the chain does not hold',
    action: 'Connect to another full node and report the one that answered',
  },
  NODE_PROXY_UNPROVED: {
    summary: 'A full node names another proxy than the sealers have',
    action: 'Connect to another full node and report the one that answered',
  },
  NODE_UNKNOWN_PEER: {
    summary: 'Nobody knows where this node is',
    action: 'Check that the node runs and has announced itself; one contact of any connected node is enough',
  },
  NODE_OFFER_REFUSED: {
    summary: 'The company does not list this edge node',
    action: 'Check that the certificate was issued by this company and that the offer is valid',
  },
  NODE_TELEMETRY_REFUSED: {
    summary: 'This request may not read or write these readings',
    action:
      'Send "authorization: Bearer TOKEN" with a token that the section "telemetry" of the owner’s node.json allows this for',
  },
  NODE_TELEMETRY_REQUEST: {
    summary: 'The request for readings cannot be understood',
    action: 'Correct what the message names; docs/reference/http-api.md describes the routes below /api/telemetry',
  },
  NODE_TELEMETRY_BUSY: {
    summary: 'The node takes in or shows as many readings as it can',
    action: 'Send the same request again after the time that Retry-After names',
  },
  TRAINING_TASK_INVALID: {
    summary: 'Nobody can work on this task of learning',
    action: 'Correct what the message names and release it again',
  },
});
