import { defineErrors } from '../../errors.ts';

/** What the HTTP API of a node answers instead of what was asked for. */
export const apiErrors = defineErrors({
  API_BAD_QUERY: {
    summary: 'A parameter of the request is missing or wrong',
    action: 'Correct the parameter that the message names; docs/reference/http-api.md lists every route with its parameters',
  },
  API_NOT_FOUND: {
    summary: 'There is no such thing',
    action: 'Check the number, hash, id or path',
  },
  API_METHOD_NOT_ALLOWED: {
    summary: 'The API is read-only',
    action: 'Use GET; transactions are sent through JSON-RPC',
  },
  API_NO_CHAIN: {
    summary: 'This node keeps block headers only',
    action: 'Ask a sealer or an observer that follows the whole chain; this node answers /observe and /api/observe',
  },
  API_TOO_MANY_STREAMS: {
    summary: 'The node serves as many event streams as it may',
    action: 'Close other consoles or ask another node',
  },
  API_INTERNAL: {
    summary: 'The node failed to answer',
    action: 'Look at its log around this time: the line names the path and the cause',
  },
});

export type ApiErrorCode = keyof typeof apiErrors;

/** HTTP status of each code. */
export const API_STATUS: Readonly<Record<ApiErrorCode, number>> = {
  API_BAD_QUERY: 400,
  API_NOT_FOUND: 404,
  API_METHOD_NOT_ALLOWED: 405,
  API_NO_CHAIN: 503,
  API_TOO_MANY_STREAMS: 503,
  API_INTERNAL: 500,
};
