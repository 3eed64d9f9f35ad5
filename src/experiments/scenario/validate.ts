import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { nearestName } from '../../suggestion.ts';
import { parseAmount, parseQuantity, QUANTITIES, QuantityError, type QuantityName } from './quantity.ts';
import type { KeyPath, ScenarioText } from './scenario-text.ts';
import { type Schema, scenarioSchema } from './schema.ts';

const check = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile(scenarioSchema);

/**
 * Holds the value of a scenario against the schema and fills in its defaults.
 *
 * @returns the value, with every default in place
 * @throws TreadleError SCENARIO_UNKNOWN_KEY | SCENARIO_INVALID
 */
export function validateScenario(source: ScenarioText): unknown {
  return validateAgainst(source, check);
}

/** The same against any schema, compiled so that it fills in defaults. @throws TreadleError SCENARIO_UNKNOWN_KEY | SCENARIO_INVALID */
export function validateAgainst(source: ScenarioText, check: ValidateFunction): unknown {
  const value = structuredClone(source.value);
  if (check(value)) return value;
  const errors = check.errors ?? [];
  // A misspelt key also makes the right one missing: the misspelling is the cause, so it is told first.
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties') ?? (errors[0] as ErrorObject);
  const path = pathOf(error.instancePath, source.value);
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    throw source.unknownKey(path, key, hintFor(key, error.parentSchema as Schema));
  }
  throw source.invalid(path, describe(error));
}

function hintFor(key: string, parent: Schema): string {
  const allowed = Object.keys(parent.properties ?? {}).filter((name) => !name.startsWith('$'));
  const meant = nearestName(key, allowed);
  return meant === undefined ? `allowed here: ${allowed.join(', ')}` : `did you mean "${meant}"?`;
}

/** Steps of a JSON pointer; those into lists are numbers. */
function pathOf(pointer: string, value: unknown): KeyPath {
  const path: (string | number)[] = [];
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(at) ? Number(name) : name;
    path.push(step);
    at = (at as Record<string | number, unknown> | undefined)?.[step];
  }
  return path;
}

function describe(error: ErrorObject): string {
  const { keyword, params, data } = error;
  const quantity = /^#\/\$defs\/([a-z]+)\//.exec(error.schemaPath)?.[1];
  if (quantity !== undefined && quantity in QUANTITIES) return describeQuantity(quantity as QuantityName, data);
  if (quantity !== undefined) return `expected ${(error.parentSchema as Schema).description}, got ${show(data)}`;
  switch (keyword) {
    case 'required':
      return `"${params['missingProperty']}" is missing`;
    case 'type':
      return `expected ${article(String(params['type']))}, got ${show(data)}`;
    case 'enum':
      return `expected one of ${(params['allowedValues'] as unknown[]).join(', ')}, got ${show(data)}`;
    case 'const':
      return `expected ${show(params['allowedValue'])}, got ${show(data)}`;
    case 'minimum':
    case 'maximum':
      return `expected ${keyword === 'minimum' ? 'at least' : 'at most'} ${params['limit']}, got ${show(data)}`;
    case 'minItems':
    case 'maxItems':
      return `expected ${keyword === 'minItems' ? 'at least' : 'at most'} ${params['limit']} entries, got ${(data as unknown[]).length}`;
    case 'pattern':
      return `${show(data)} does not have the form ${params['pattern']}`;
    default:
      return `${error.message ?? 'is not valid'}, got ${show(data)}`;
  }
}

/** What the parser of quantities says; the schema's pattern alone would tell nobody which unit was meant. */
function describeQuantity(name: QuantityName, data: unknown): string {
  if (typeof data !== 'string') return `expected ${QUANTITIES[name].description}, got ${show(data)}`;
  try {
    if (name === 'amount') parseAmount(data);
    else parseQuantity(name, data);
  } catch (error) {
    if (error instanceof QuantityError) return error.message;
    throw error;
  }
  return `expected ${QUANTITIES[name].description}, got ${show(data)}`;
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    integer: 'a whole number',
    object: 'a section with keys',
    array: 'a list',
    string: 'a text',
  };
  return names[type] ?? `a ${type}`;
}

function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean')
    return `the ${typeof value === 'number' ? 'number' : 'truth value'} ${value}`;
  if (typeof value === 'string') return `"${value.slice(0, 60)}"`;
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : 'a section with keys';
}
