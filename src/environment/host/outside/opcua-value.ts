/** A value as OPC UA has it: a type, and for arrays their sizes. */
export interface OpcUaVariant {
  /** The number of the built-in type (OPC 10000-6, table 1). */
  readonly dataType: number;
  readonly value: unknown;
}

const TYPES = { int64: 8, uint64: 9, byteString: 15 } as const;

/**
 * A value as plain JSON: whole numbers of 64 bits as decimal texts, bytes as base64, times in ISO form, texts without their
 * language, structures as the server describes them. Numbers that JSON does not have become texts.
 */
export function plainValue({ dataType, value }: OpcUaVariant): unknown {
  if (value === null || value === undefined) return null;
  if (dataType === TYPES.int64 || dataType === TYPES.uint64) return wide(value, dataType === TYPES.int64);
  if (dataType === TYPES.byteString && value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return plain(value);
}

/** One is a pair of halves, many are pairs too. */
function wide(value: unknown, signed: boolean): unknown {
  const [high, low] = value as readonly unknown[];
  if (typeof high !== 'number' || typeof low !== 'number')
    return Array.from(value as Iterable<unknown>, (each) => wide(each, signed));
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return String(signed ? BigInt.asIntN(64, bits) : bits);
}

function plain(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : plainObject(value);
    default:
      return null;
  }
}

function plainObject(value: object): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)))
    return Array.from(value as unknown as Iterable<unknown>, plain);
  const { text, toJSON } = value as { readonly text?: unknown; readonly toJSON?: () => unknown };
  // A text with its language.
  if ('locale' in value) return typeof text === 'string' ? text : null;
  const described: unknown = typeof toJSON === 'function' ? toJSON.call(value) : String(value);
  if (typeof described !== 'object' || described === null || Array.isArray(described)) return plain(described);
  return Object.fromEntries(Object.entries(described).map(([name, each]) => [name, plain(each)]));
}
