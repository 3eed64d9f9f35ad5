import { z } from 'zod';
import { TreadleError } from '../errors.ts';
import { nearestName } from '../suggestion.ts';
import './errors.ts';

/** A configuration file as text, with the name under which errors speak of it. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
}

/**
 * Reads a JSON file against a schema. An error names the file, the key by its path and, for a key that does not
 * exist, the one that was probably meant.
 *
 * @throws {@link TreadleError} CONFIG_NOT_JSON | CONFIG_UNKNOWN_KEY | CONFIG_INVALID
 */
export function readConfig<T extends z.ZodType>(schema: T, config: ConfigText): z.output<T> {
  const value = parseJson(config);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = [...parsed.error.issues];
  // A misspelt key also makes the right one "missing": the misspelling is the cause, so it is told first.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue?.code === 'unrecognized_keys')
    throw unknownKey(schema, { file: config.file, value, path: issue.path, key: issue.keys[0] as string });
  const path = pathOf(issue?.path ?? []);
  throw new TreadleError('CONFIG_INVALID', {
    detail: `${config.file}: ${path === '' ? '' : `"${path}": `}${issue?.message ?? 'is not valid'}`,
    data: { file: config.file, key: path },
  });
}

function parseJson({ file, text }: ConfigText): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TreadleError('CONFIG_NOT_JSON', {
      detail: `${file} is not JSON: ${(cause as Error).message}`,
      data: { file },
      cause,
    });
  }
}

interface UnknownKey {
  readonly file: string;
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
  readonly key: string;
}

function unknownKey(schema: z.ZodType, { file, value, path, key }: UnknownKey): TreadleError {
  const allowed = keysAt(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, value, path);
  const meant = nearestName(key, allowed);
  const hint = meant === undefined ? `allowed here: ${allowed.join(', ')}` : `did you mean "${meant}"?`;
  return new TreadleError('CONFIG_UNKNOWN_KEY', {
    detail: `${file}: unknown key "${pathOf([...path, key])}", ${hint}`,
    data: { file, key: pathOf([...path, key]), ...(meant !== undefined && { suggestion: meant }) },
  });
}

interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly const?: unknown;
}

/** The keys that the schema allows at a path. Of alternatives, those count whose constants (`"role": "edge"`) the value has. */
function keysAt(schema: JsonSchema | undefined, value: unknown, path: readonly PropertyKey[]): string[] {
  if (schema === undefined) return [];
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter((alternative) => fits(alternative, value));
  const [step, ...rest] = path;
  const below = step === undefined ? undefined : (value as Record<PropertyKey, unknown> | undefined)?.[step];
  const properties = schema.properties ?? {};
  const others = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const next = typeof step === 'number' ? schema.items : (properties[String(step)] ?? others);
  const own = step === undefined ? Object.keys(properties) : keysAt(next, below, rest);
  return [...new Set([...own, ...alternatives.flatMap((alternative) => keysAt(alternative, value, path))])];
}

function fits(schema: JsonSchema, value: unknown): boolean {
  const fields = (value ?? {}) as Record<string, unknown>;
  return Object.entries(schema.properties ?? {}).every(
    ([name, property]) => property.const === undefined || property.const === fields[name],
  );
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${String(step)}`)).join('');
}
