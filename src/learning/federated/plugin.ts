import { TreadleError } from '../../errors.ts';
import { nearestName } from '../../suggestion.ts';
import './errors.ts';

/** A number that a plug-in takes. */
export interface PluginParameter {
  readonly name: string;
  /** What it does, with its unit, for the list of plug-ins. */
  readonly meaning: string;
  /** Absent: the plug-in chooses by the number of clients or by what it sees; `meaning` says how. */
  readonly default?: number;
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** What every plug-in says of itself. */
export interface Plugin {
  readonly name: string;
  readonly summary: string;
  /** Paper and equation. */
  readonly source: string;
  /** `published`: as the source states it; `reconstructed`: the source leaves parts open; `ours`: not from a paper. */
  readonly origin: 'published' | 'reconstructed' | 'ours';
  readonly parameters: readonly PluginParameter[];
}

/** Parameters by name; what is absent is left to the plug-in. */
export type PluginSettings = Readonly<Record<string, number>>;

/** A plug-in that somebody chose, with its parameters. */
export interface PluginChoice {
  readonly name: string;
  readonly settings: PluginSettings;
}

/**
 * Reads `name` or `name:parameter=number,parameter=number`.
 *
 * @throws TreadleError FEDERATED_PLUGIN_UNKNOWN | FEDERATED_PARAMETER_INVALID
 */
export function readPluginChoice(text: string, plugins: readonly Plugin[]): PluginChoice {
  const [name = '', ...rest] = text.split(':');
  const plugin = findPlugin(name, plugins);
  const settings: Record<string, number> = {};
  const parts = rest.join(':');
  for (const part of parts === '' ? [] : parts.split(',')) {
    const [key = '', value = '', more] = part.split('=');
    const number = Number(value);
    if (value.trim() === '' || more !== undefined || !Number.isFinite(number))
      throw invalid(`"${part}" of "${text}" is no number`);
    settings[key] = number;
  }
  return { name, settings: checkSettings(plugin, settings) };
}

/** Writes a choice as {@link readPluginChoice} reads it. */
export function pluginChoiceText({ name, settings }: PluginChoice): string {
  const parts = Object.keys(settings)
    .sort()
    .map((key) => `${key}=${settings[key]}`);
  return parts.length === 0 ? name : `${name}:${parts.join(',')}`;
}

/** @throws TreadleError FEDERATED_PLUGIN_UNKNOWN */
export function findPlugin<P extends Plugin>(name: string, plugins: readonly P[]): P {
  const found = plugins.find((plugin) => plugin.name === name);
  if (found !== undefined) return found;
  const names = plugins.map((plugin) => plugin.name);
  const near = nearestName(name, names);
  throw new TreadleError('FEDERATED_PLUGIN_UNKNOWN', {
    detail: `There is no "${name}"${near === undefined ? '' : `, did you mean "${near}"?`} Known: ${names.join(', ')}`,
    data: { name, known: names },
  });
}

/** The settings with the defaults filled in. @throws TreadleError FEDERATED_PARAMETER_INVALID */
export function checkSettings(plugin: Plugin, given: PluginSettings): PluginSettings {
  for (const key of Object.keys(given)) {
    if (!plugin.parameters.some(({ name }) => name === key)) {
      const known = plugin.parameters.map(({ name }) => name).join(', ') || 'none';
      throw invalid(`${plugin.name} has no parameter "${key}" (it has: ${known})`);
    }
  }
  const settings: Record<string, number> = {};
  for (const { name, min, max, whole, default: usual } of plugin.parameters) {
    const value = given[name] ?? usual;
    if (value === undefined) continue;
    if (!(value >= min && value <= max) || (whole === true && !Number.isInteger(value))) {
      throw invalid(`${name} of ${plugin.name} is ${value}, expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
    }
    settings[name] = value;
  }
  return settings;
}

function invalid(detail: string): TreadleError {
  return new TreadleError('FEDERATED_PARAMETER_INVALID', { detail });
}
