/** Whether a topic is one of those that a filter names, with the wildcards of MQTT 3.1.1 (section 4.7): `+` for one level, `#` for all below. */
export function matchesFilter(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  // What a broker says of itself is in topics with "$", which no wildcard at the front includes.
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  for (const [at, want] of wanted.entries()) {
    if (want === '#') return true;
    const level = levels[at];
    if (level === undefined || (want !== '+' && want !== level)) return false;
  }
  return wanted.length === levels.length;
}
