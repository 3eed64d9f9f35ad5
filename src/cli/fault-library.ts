import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TreadleError } from '../errors.ts';
import './errors.ts';

const FOLDER = fileURLToPath(new URL('../../scenarios/faults/', import.meta.url));

/** The fault scenarios that come with the program: file names, in order. */
export function faultScenarioFiles(): readonly string[] {
  return scenariosIn(FOLDER);
}

/** Those of them that take minutes, and are run by path or by a campaign. */
export function longFaultScenarioFiles(): readonly string[] {
  return scenariosIn(join(FOLDER, 'long'));
}

function scenariosIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * The files that `--scenario` means: all, those whose name begins with a number, or a file by its path.
 * @throws TreadleError CLI_BAD_OPTION | CLI_FILE_UNREADABLE
 */
export function chooseFaultScenarios(wanted: string): readonly string[] {
  if (wanted === 'all') return faultScenarioFiles();
  if (!/^[0-9]{1,2}$/.test(wanted)) return [wanted];
  // A scenario may have variants: 01-rolling-crash, 01b-f-dead.
  const files = faultScenarioFiles().filter((file) => Number.parseInt(file.slice(FOLDER.length), 10) === Number(wanted));
  if (files.length > 0) return files;
  throw new TreadleError('CLI_BAD_OPTION', {
    detail: `--scenario is "${wanted}", expected all, a number from 1 to ${Number.parseInt(faultScenarioFiles().at(-1)?.slice(FOLDER.length) ?? '1', 10)}, or a file`,
  });
}

/** The text of a scenario file. @throws TreadleError CLI_FILE_UNREADABLE */
export function readScenarioText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} cannot be read (${code})`, cause });
  }
}
