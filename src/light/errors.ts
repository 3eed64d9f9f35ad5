import { defineErrors } from '../errors.ts';

/** Error codes of `src/light`. */
export const LIGHT_NODE_ERRORS = defineErrors({
  LIGHT_NO_NODES: {
    summary: 'A light node has nobody to ask',
    action: 'Name the JSON-RPC address of at least one full node',
  },
  LIGHT_BAD_GENESIS: {
    summary: 'The genesis file cannot be used',
    action: "Take the consortium's genesis.json as it is, from a member that you trust",
  },
  LIGHT_NO_ANSWER: {
    summary: 'A full node does not answer',
    action: 'Check the address; other full nodes of the list were asked as well',
  },
  LIGHT_BAD_ANSWER: {
    summary: 'What a full node answers cannot be read',
    action: 'Ask another full node: this one runs other software, or lies',
  },
});
