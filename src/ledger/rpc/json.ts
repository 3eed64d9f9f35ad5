import { quantity } from './quantity.ts';

/** JSON text in which a bigint is a QUANTITY, as everywhere in JSON-RPC. */
export function toJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_name, item: unknown) => (typeof item === 'bigint' ? quantity(item) : item));
}
