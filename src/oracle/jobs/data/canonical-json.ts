/** JSON with sorted keys and no spaces, so that the same value has the same bytes on every node (RFC 8785 for values that JSON.parse gives; a bigint is a text of its digits). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
  }
  if (typeof value === 'bigint') return `"${value}"`;
  return JSON.stringify(value) ?? 'null';
}
