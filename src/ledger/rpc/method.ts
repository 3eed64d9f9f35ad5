import { invalidParameter, rpcError } from './rpc-error.ts';

/** A WebSocket that notifications can be written to. Present on sockets only. */
export interface RpcConnection {
  /** False once the other side is gone. */
  notify(text: string): boolean;
  /** Calls `listener` when the socket closes; returns the unsubscriber. */
  onClose(listener: () => void): () => void;
}

/** What a method knows of its caller. */
export interface CallContext {
  readonly connection?: RpcConnection;
  /** Runs `action` once the whole answer is ready: a subscription must not speak before its id is known. */
  afterAnswer(action: () => void): void;
}

export type Parser<T> = (value: unknown, where: string) => T;

/** One positional parameter. `missing` stands in for an absent or null one; without it the parameter is required. */
export interface Parameter<T> {
  readonly name: string;
  readonly parse: Parser<T>;
  readonly missing?: { readonly value: T };
}

/** A method of the table: it reads its parameters itself. */
export interface Method {
  /** One line for the reference. */
  readonly summary: string;
  readonly parameters: readonly Parameter<unknown>[];
  invoke(params: unknown, context: CallContext): Promise<unknown>;
}

export type MethodTable = Readonly<Record<string, Method>>;

type Values<P extends readonly Parameter<unknown>[]> = { [Index in keyof P]: P[Index] extends Parameter<infer T> ? T : never };

export function required<T>(name: string, parse: Parser<T>): Parameter<T> {
  return { name, parse };
}

export function optional<T, D>(name: string, parse: Parser<T>, value: D): Parameter<T | D> {
  return { name, parse, missing: { value } };
}

/** Puts a method together; `run` gets the parsed parameters in their order. */
export function method<const P extends readonly Parameter<unknown>[]>(
  summary: string,
  parameters: P,
  run: (values: Values<P>, context: CallContext) => unknown,
): Method {
  return {
    summary,
    parameters,
    invoke: async (params, context) => run(readParameters(parameters, params) as Values<P>, context),
  };
}

/** Parameters by position, or by the names of the reference. */
function readParameters(parameters: readonly Parameter<unknown>[], params: unknown): readonly unknown[] {
  const given = params === undefined || params === null ? [] : params;
  if (Array.isArray(given)) return readList(parameters, given);
  if (typeof given !== 'object') {
    throw rpcError('RPC_INVALID_REQUEST', { detail: 'params must be an array or an object' });
  }
  const named = new Map(Object.entries(given));
  for (const name of named.keys()) {
    if (!parameters.some((parameter) => parameter.name === name)) {
      throw rpcError('RPC_INVALID_PARAMETER', { detail: `unknown parameter "${name.slice(0, 80)}"` });
    }
  }
  return readList(
    parameters,
    parameters.map(({ name }) => named.get(name)),
  );
}

function readList(parameters: readonly Parameter<unknown>[], given: readonly unknown[]): readonly unknown[] {
  if (given.length > parameters.length) {
    throw rpcError('RPC_INVALID_PARAMETER', {
      detail: `too many parameters: want at most ${parameters.length}, got ${given.length}`,
    });
  }
  return parameters.map((parameter, index) => {
    const value = given[index];
    const where = `parameter ${index + 1} (${parameter.name})`;
    if (value !== undefined && value !== null) return parameter.parse(value, where);
    if (parameter.missing !== undefined) return parameter.missing.value;
    throw rpcError('RPC_INVALID_PARAMETER', { detail: `${where} is missing`, data: { parameter: where } });
  });
}

// --- parsers of plain JSON shapes ---

export const parseBoolean: Parser<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw invalidParameter(where, 'true or false', value);
  return value;
};

export const parseText: Parser<string> = (value, where) => {
  if (typeof value !== 'string') throw invalidParameter(where, 'a string', value);
  return value;
};

export const parseObject: Parser<Readonly<Record<string, unknown>>> = (value, where) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidParameter(where, 'an object', value);
  return value as Readonly<Record<string, unknown>>;
};
