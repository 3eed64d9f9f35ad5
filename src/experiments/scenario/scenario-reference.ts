import { QUANTITIES } from './quantity.ts';
import { type Schema, scenarioSchema } from './schema.ts';

/** The text of `docs/reference/scenario.md`: every key of the schema with its type and default. */
export function scenarioReference(): string {
  return `${[
    '# Scenario files',
    '',
    'Every key of a scenario, as `treadle sim` reads it. This page is written from the schema',
    '([scenario.schema.json](../../scenarios/scenario.schema.json)) by `scripts/write-scenario-reference.ts`; a test keeps both equal.',
    'How to write one is told in the [guide](../guides/scenarios.md).',
    '',
    '## Keys',
    '',
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...schemaRows(scenarioSchema),
    '',
    '## Quantities',
    '',
    'A quantity is a text: a decimal number and a unit, with at most one space between them. There are no signs and no exponents,',
    'and a value must come out whole in its smallest unit (microseconds, bit/s, bytes, hertz, wei) except for shares, lengths and costs.',
    '',
    '| Type | Units |',
    '|---|---|',
    ...Object.entries(QUANTITIES).map(
      ([name, kind]) =>
        `| ${name} | ${Object.keys(kind.units)
          .map((unit) => `\`${unit}\``)
          .join(', ')} |`,
    ),
  ].join('\n')}\n`;
}

/** A table row for each key of a schema, keys of sections after their section. */
export function schemaRows(schema: Schema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = `${prefix}${name}`;
    const required = schema.required?.includes(name) ?? false;
    const row = `| \`${key}\` | ${typeOf(property)} | ${defaultOf(property, required)} | ${property.description ?? ''} |`;
    const below = property.properties
      ? schemaRows(property, `${key}.`)
      : property.items?.properties
        ? schemaRows(property.items, `${key}[].`)
        : [];
    return [row, ...below];
  });
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.replace('#/$defs/', '');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : typeOf(schema.items)}`;
  if (schema.type === 'object')
    return typeof schema.additionalProperties === 'object' ? `${typeOf(schema.additionalProperties)} by name` : 'section';
  if (schema.minimum !== undefined) return `${schema.type} ${schema.minimum} to ${schema.maximum}`;
  return schema.type === 'string' ? 'text' : (schema.type ?? '');
}

function defaultOf(schema: Schema, required: boolean): string {
  if (required) return 'required';
  if (schema.default === undefined || schema.properties !== undefined) return '';
  return `\`${typeof schema.default === 'string' ? schema.default || '""' : JSON.stringify(schema.default)}\``;
}
