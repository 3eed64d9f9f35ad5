import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TreadleError } from '../errors.ts';
import './errors.ts';
import { createOutput, printable, printFailure } from './output.ts';

const written = { stdout: '', stderr: '' };
const original = { stdout: process.stdout.write, stderr: process.stderr.write };

beforeEach(() => {
  for (const name of ['stdout', 'stderr'] as const) {
    written[name] = '';
    process[name].write = (chunk: string | Uint8Array) => {
      written[name] += String(chunk);
      return true;
    };
  }
});
afterEach(() => {
  for (const name of ['stdout', 'stderr'] as const) process[name].write = original[name];
});

describe('what a command prints', () => {
  it('is text for people, or one JSON document', () => {
    for (const json of [false, true]) {
      const out = createOutput(json);
      out.line('a line');
      out.table([
        { name: 'proxy', height: 12, wei: 7n },
        { name: 'company-1', height: 3, wei: undefined },
      ]);
      out.table([]);
      out.result({ wei: 10n ** 20n, list: [1] });
    }
    expect(written.stdout).toBe(
      `a line\nname       height  wei\nproxy      12      7\ncompany-1  3\n(none)\n${JSON.stringify({ wei: '100000000000000000000', list: [1] }, null, 2)}\n`,
    );
  });

  it('is a failure with its code, on the stream where it is looked for', () => {
    const failure = new TreadleError('CLI_BAD_OPTION', { detail: '--port is "x"', data: { port: 1n } });
    printFailure(failure, false);
    expect(written).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^treadle: --port is "x"\. .*\[CLI_BAD_OPTION\]\n$/),
    });
    printFailure(failure, true);
    expect(JSON.parse(written.stdout)).toEqual({
      error: { code: 'CLI_BAD_OPTION', message: failure.message, data: { port: '1' } },
    });
    printFailure(new Error('unforeseen'), false);
    expect(written.stderr).toMatch(/treadle: unforeseen \[INTERNAL\]\nError: unforeseen\n {4}at /);
  });

  it('does not steer the terminal, whatever others call themselves', () => {
    const name = 'Acme\u001b[2J\u0007\u009b31m\r Ltd\t(b)\n';
    expect(printable(name)).toBe('Acme\ufffd[2J\ufffd\ufffd31m\ufffd Ltd\t(b)\n');
    createOutput(false).line(name);
    createOutput(false).table([{ name }]);
    printFailure(new TreadleError('CLI_BAD_OPTION', { detail: name }), false);
    expect(written.stdout + written.stderr).not.toMatch(/[^\P{Cc}\n\t]/u);
    expect(printable('Ünïcode – 漢字 🙂')).toBe('Ünïcode – 漢字 🙂');
  });
});
