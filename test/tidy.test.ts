import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorIndex, readErrorPages } from '../scripts/write-error-index.ts';
import { declaredErrors } from '../src/errors.ts';

// House rules that linters cannot say. A failure names the file and the line.

const ROOT = path.resolve(import.meta.dirname, '..');
const SELF = 'test/tidy.test.ts';

interface SourceFile {
  /** Relative to the checkout, with forward slashes. */
  readonly name: string;
  readonly text: string;
}

function filesUnder(folder: string, wanted: RegExp): SourceFile[] {
  if (!existsSync(path.join(ROOT, folder))) return [];
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((name) => wanted.test(name) && !/(^|\/)(node_modules|dist)\//.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(path.join(ROOT, name), 'utf8') }));
}

const isTest = ({ name }: SourceFile) => /\.test\.ts$|\/testing\//.test(name);
const isGenerated = ({ name }: SourceFile) => name.startsWith('src/contracts/generated/');

const source = filesUnder('src', /\.ts$/).filter((file) => !isGenerated(file));
const product = source.filter((file) => !isTest(file));
const code = [
  ...source,
  ...['test', 'bench', 'scripts', 'contracts'].flatMap((folder) => filesUnder(folder, /\.(ts|mjs|sol)$/)),
  ...filesUnder('console', /\.tsx?$/),
].filter(({ name }) => name !== SELF);
const texts = [
  ...code,
  ...['docs', 'scenarios', 'bin', '.ci'].flatMap((folder) => filesUnder(folder, /./)),
  ...readdirSync(ROOT)
    .filter((name) => /\.(md|json|cjs|ts)$|^LICENSE$|^\.npmrc$/.test(name))
    .map((name) => ({ name, text: readFileSync(path.join(ROOT, name), 'utf8') })),
];

/** `file:line: text` of every line that matches. */
function linesMatching(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ name, text }) =>
    text.split('\n').flatMap((line, at) => (pattern.test(line) ? [`${name}:${at + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

describe('sources', () => {
  it('were found', () => {
    expect(product.length).toBeGreaterThan(50);
    expect(texts.length).toBeGreaterThan(product.length);
  });

  /** Files that may be longer, each with the reason. */
  const LONG_FILES: Readonly<Record<string, string>> = {
    'src/limits.ts': 'one list of all limits, on purpose in one place',
    'src/node/api/types.ts': 'the JSON of the HTTP API, which the console imports as one file',
  };
  const LINES_MAX = 400;
  const TEST_LINES_MAX = 600;

  it(`have at most ${LINES_MAX} lines (tests ${TEST_LINES_MAX}): one file holds one idea`, () => {
    const linesMax = (name: string) => (name.endsWith('.test.ts') ? TEST_LINES_MAX : LINES_MAX);
    const long = source.filter(({ name, text }) => text.split('\n').length - 1 > linesMax(name) && !(name in LONG_FILES));
    expect(long.map(({ name, text }) => `${name}: ${text.split('\n').length - 1} lines`)).toEqual([]);
  });

  it('leave nothing for later', () => {
    expect(linesMatching(code, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('skip and focus no test by accident', () => {
    const tests = code.filter(({ name }) => name.endsWith('.test.ts'));
    expect(linesMatching(tests, /\b(it|test|describe)\.(only|todo|skip)\(|\b(fit|fdescribe|xit|xdescribe)\(/)).toEqual([]);
  });

  it('switch no type check off', () => {
    expect(linesMatching(code, /@ts-(ignore|nocheck|expect-error)|\bas any\b/)).toEqual([]);
  });

  it('write to the terminal in commands only', () => {
    const shared = product.filter(({ name }) => !name.startsWith('src/cli/'));
    expect(linesMatching(shared, /\bconsole\.(log|info|warn|error|debug|trace|table)\(/)).toEqual([]);
  });

  it('draw no random number outside the environment', () => {
    const shared = product.filter(({ name }) => !/^src\/(cli|environment\/host)\//.test(name));
    expect(linesMatching(shared, /\bMath\.random\b|\bcrypto\.subtle\b|\bglobalThis\b/)).toEqual([]);
  });

  it('import files by their full name', () => {
    const node = code.filter(({ name }) => !name.startsWith('console/') && !name.endsWith('.sol'));
    expect(linesMatching(node, /(\bfrom\s+|\bimport\s+|\bimport\()['"]\.{1,2}\/[^'"]*(?<!\.(ts|json|cjs|mjs|js))['"]/)).toEqual(
      [],
    );
  });

  it('of the console know the types of the API and nothing else of the node', () => {
    // The page that proves a reading runs the verifier itself: asking a node would mean trusting it.
    const own = 'console/src/pages/verify-check.ts';
    const console = code.filter(({ name }) => name.startsWith('console/src/') && name !== own);
    const wrong = console.flatMap(({ name, text }) =>
      [...text.matchAll(/(import|export)\s+([^;'"]*?)\s*from\s+['"]((?:\.\.\/)+src\/[^'"]*)['"]/g)]
        .filter(([, , what, from]) => !(what ?? '').startsWith('type ') || !(from ?? '').endsWith('/src/node/api/types.ts'))
        .map(([, , , from]) => `${name}: ${from}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('everything written', () => {
  it('speaks of the project only', () => {
    const elsewhere = [
      ['npm', 'js.org'],
      ['npm', 'js.com'],
      ['yarn', 'pkg.com'],
      ['arti', 'factory'],
      ['verd', 'accio'],
      ['/work', '/main'],
      ['/work', '/shared'],
    ].map((parts) => parts.join('').replaceAll('.', '[.]'));
    expect(linesMatching(texts, new RegExp(elsewhere.join('|'), 'i'))).toEqual([]);
  });
});

describe('limits', () => {
  it('are all used, and each says why', () => {
    const limits = readFileSync(path.join(ROOT, 'src/limits.ts'), 'utf8');
    const names = [...limits.matchAll(/^export const ([A-Z0-9_]+)/gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(50);
    const others = product.filter(({ name }) => name !== 'src/limits.ts');
    const unused = names.filter((name) => {
      const word = new RegExp(`\\b${name}\\b`);
      const within = limits.split('\n').filter((line) => word.test(line)).length > 1;
      return !within && !others.some(({ text }) => word.test(text));
    });
    expect(unused).toEqual([]);
    const unexplained = names.filter((name) => !new RegExp(`(\\*/|;)\\nexport const ${name}\\b`).test(limits));
    expect(unexplained).toEqual([]);
  });
});

describe('error codes', () => {
  const pages = readErrorPages();

  it('are documented, and no documented one is gone', async () => {
    for (const { name, text } of product) if (/\bdefineErrors\(\{/.test(text)) await import(path.join(ROOT, name));
    const documented = pages.flatMap(({ codes }) => codes);
    expect(documented.filter((code, at) => documented.indexOf(code) !== at)).toEqual([]);
    const declared = [...declaredErrors().keys()];
    expect({
      undocumented: declared.filter((code) => !documented.includes(code)),
      gone: documented.filter((code) => !declared.includes(code)),
    }).toEqual({ undocumented: [], gone: [] });
  });

  it('all stand in the index (scripts/write-error-index.ts writes it)', () => {
    expect(readFileSync(path.join(ROOT, 'docs/reference/errors.md'), 'utf8')).toBe(errorIndex(pages));
  });

  it('say what happened and what to do', () => {
    for (const [code, { summary, action }] of declaredErrors()) {
      expect([code, summary.length > 10, action.length > 10]).toEqual([code, true, true]);
    }
  });
});
