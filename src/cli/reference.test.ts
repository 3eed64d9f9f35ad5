import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { cliErrors } from './errors.ts';
import { createProgram } from './main.ts';

const page = (name: string): string => readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), 'utf8');

/** Commands that do something, with their full names. */
function leaves(command: Command, name: string): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((child) => {
    const full = `${name} ${child.name()}`;
    return child.commands.length > 0 ? leaves(child, full) : [[full, child] as const];
  });
}

const reference = page('cli.md');
const commands = leaves(createProgram(), 'treadle');
const sections = new Map(
  reference.split(/^### /m).map((text) => [text.split('\n')[0] as string, text.split(/^## /m)[0] as string]),
);

describe('the reference of the command line', () => {
  it('has a section for each command, and none for another', () => {
    expect([...sections.keys()].slice(1)).toEqual(commands.map(([name]) => name));
  });

  it.each(commands)('%s: names every option as it is declared, and no other', (name, command) => {
    const rows = (sections.get(name) ?? '').split('\n').filter((line) => line.startsWith('| `--'));
    const flags = rows.flatMap((row) =>
      [...(row.split(' | ')[0] ?? '').matchAll(/`(--[^`]+)`/g)].map(([, flag]) => flag as string),
    );
    expect(flags.sort()).toEqual(command.options.map(({ flags: declared }) => declared.replace(/^-\w, /, '')).sort());
    for (const { name: argument } of command.registeredArguments.map((each) => ({ name: each.name() }))) {
      expect(sections.get(name)).toContain(`\`${name} <${argument}>\``);
    }
  });

  it('gives the defaults as they are', () => {
    for (const [name, command] of commands) {
      for (const { flags, defaultValue } of command.options) {
        if (defaultValue === undefined || flags === '--no-progress') continue;
        const row = (sections.get(name) ?? '').split('\n').find((line) => line.startsWith(`| \`${flags}\``));
        expect(`${name} ${row}`).toContain(String(defaultValue));
      }
    }
  });

  it('has a row for each error code, in the words of the program', () => {
    const errors = page('errors/cli.md');
    for (const [code, { summary, action }] of Object.entries(cliErrors))
      expect(errors).toContain(`| \`${code}\` | ${summary} | ${action} |`);
  });
});
