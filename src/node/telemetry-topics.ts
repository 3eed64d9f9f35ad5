import type { Reading } from '../environment/index.ts';

/** How the messages of topics are readings. */
export interface TopicMapping {
  /** A topic filter of MQTT: `+` for one level; no `#`, since a level that is not named is nobody's name. */
  readonly topic: string;
  /** Names; `{1}` stands for what the first `+` of the filter stood for, and so on. */
  readonly twin: string;
  readonly metric: string;
  /** Of a message that is a JSON object: where the value stands, names divided by points. Absent: the message is the value. */
  readonly value?: string;
  /** The same for its time, in milliseconds. Absent: when it arrived. */
  readonly time?: string;
}

/** The reading that a message is by the first mapping that its topic fits; undefined when it is none. */
export function readingOf(
  mappings: readonly TopicMapping[],
  message: { readonly topic: string; readonly payload: Uint8Array },
  nowMs: number,
): Reading | undefined {
  for (const mapping of mappings) {
    const levels = levelsOf(mapping.topic, message.topic);
    if (levels === undefined) continue;
    const text = utf8(message.payload);
    const parsed = mapping.value === undefined && mapping.time === undefined ? undefined : parse(text);
    const value = mapping.value === undefined ? plainValue(text) : at(parsed, mapping.value);
    const timeMs = mapping.time === undefined ? nowMs : at(parsed, mapping.time);
    if ((typeof value !== 'number' && typeof value !== 'string') || typeof timeMs !== 'number') return undefined;
    return { twin: filled(mapping.twin, levels), metric: filled(mapping.metric, levels), timeMs, value };
  }
  return undefined;
}

/** What the wildcards of a filter stand for in a topic; undefined when it does not fit. */
function levelsOf(filter: string, topic: string): readonly string[] | undefined {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (wanted.length !== levels.length || !wanted.every((want, place) => want === '+' || want === levels[place])) return undefined;
  return levels.filter((_, place) => wanted[place] === '+');
}

function filled(name: string, levels: readonly string[]): string {
  return name.replace(/\{(\d)\}/g, (whole, number: string) => levels[Number(number) - 1] ?? whole);
}

/** A number where the text is one as JSON writes it, else the text. */
function plainValue(text: string | undefined): number | string | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

function at(content: unknown, place: string): unknown {
  let found = content;
  for (const name of place.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
