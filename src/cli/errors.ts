import { defineErrors } from '../errors.ts';

/** Error codes of `src/cli`. */
export const cliErrors = defineErrors({
  CLI_BAD_OPTION: {
    summary: 'An option has a value that cannot be used',
    action: 'Run the command with --help to see what it takes',
  },
  CLI_FOLDER_MISSING: {
    summary: 'The folder holds no consortium or node',
    action: 'Create one with `treadle init`, or name another folder with --folder',
  },
  CLI_FOLDER_NOT_EMPTY: {
    summary: 'The folder holds something already',
    action: 'Choose an empty folder with --folder; nothing was changed',
  },
  CLI_NODE_FAILED: {
    summary: 'A node process ended before it was ready',
    action: 'Read the named log file; the last lines say why',
  },
  CLI_NO_ANSWER: {
    summary: 'The node does not answer',
    action: 'Start it with `treadle up` or `treadle node`, or name its JSON-RPC address with --rpc',
  },
  CLI_FILE_UNREADABLE: {
    summary: 'A file cannot be read',
    action: 'Check the path and its permissions',
  },
  CLI_REFUSED: {
    summary: 'The ledger refused the transaction',
    action:
      'Read the reason; `treadle consortium members`, `treadle consortium observers` and `treadle channel show` show how things stand',
  },
  CLI_NOT_JSON_RPC: {
    summary: 'What answers is not the JSON-RPC of a node',
    action: 'Name the JSON-RPC address with --rpc; the console and the node-to-node traffic have ports of their own',
  },
  CLI_NODE_REFUSED: {
    summary: 'The node refused the request',
    action: 'Read the reason; check that --rpc names a Treadle node of this release',
  },
  CLI_WRONG_KEY: {
    summary: 'The key is not that of somebody who may do this',
    action: 'Name the key file of the right account with --key',
  },
  CLI_FILE_EXISTS: {
    summary: 'The file to be written exists',
    action: 'Choose another name, or remove the file; nothing was changed',
  },
  CLI_FILE_UNWRITABLE: {
    summary: 'A file cannot be written',
    action: 'Check that its folder exists and may be written to',
  },
  CLI_UNKNOWN_PAYLOAD: {
    summary: 'The node has no body of a payload transaction by this hash',
    action: 'Check the hash, ask the node again once it has caught up, or name another node with --rpc',
  },
  CLI_PAYLOAD_DIFFERS: {
    summary: 'What the node sent is not the body that the hash stands for',
    action: 'Ask another node with --rpc: this one is damaged or lies',
  },
  CLI_UNKNOWN_CHANNEL: {
    summary: 'The ledger has no such payment channel',
    action: 'Find its id with `treadle channel list`, and check that --rpc names a node of the right chain',
  },
  CLI_CHANNEL_STATE: {
    summary: 'The payment channel is not in a state for this',
    action: 'See `treadle channel show` for who acts next and until when',
  },
  CLI_BAD_VOUCHER: {
    summary: 'The voucher is not signed by the payer of the channel',
    action: 'Give --cumulative and --signature exactly as the payer signed them, for this channel on this chain',
  },
  CLI_NO_ORACLE: {
    summary: 'The ledger has no oracle, or no such request',
    action: 'Find the number of a request with `treadle oracle list`, and check that --rpc names a node of the right chain',
  },
  CLI_NO_RESULT: {
    summary: 'The request has no result',
    action: 'See `treadle oracle explain` for where it stands and why',
  },
  CLI_NO_FEED: {
    summary: 'There is no feed at this address',
    action: 'Check the address; `treadle oracle feed create` prints that of a new one',
  },
  CLI_WRONG_CHAIN: {
    summary: 'A file belongs to another chain than the node',
    action: 'Use the file of this chain, or name a node of the other chain with --rpc',
  },
  CLI_SECRET_MISSING: {
    summary: 'A secret that node.json names is missing or too short',
    action: 'Write it into the file, or set the environment variable, that the message names',
  },
});
