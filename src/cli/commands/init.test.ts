import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runTreadle } from '../testing/run-treadle.ts';

const folders: string[] = [];
async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-init-'));
  folders.push(folder);
  return folder;
}
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

interface Laid {
  readonly folder: string;
  readonly chainId: number;
  readonly members: readonly {
    readonly role: string;
    readonly node: string;
    readonly name: string;
    readonly folder: string;
    readonly position?: Place;
  }[];
}
interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

async function init(...argv: readonly string[]) {
  const folder = join(await emptyFolder(), 'new');
  const outcome = await runTreadle('init', '--folder', folder, '--json', ...argv);
  return { folder, outcome, laid: outcome.json() as unknown as Laid };
}

const readJson = async (...path: readonly string[]) =>
  JSON.parse(await readFile(join(...path), 'utf8')) as Record<string, unknown>;

/** A CSV of places whose rows are numbered by their latitude. */
async function csv(rows: number): Promise<string> {
  const file = join(await emptyFolder(), 'places.csv');
  const lines = Array.from({ length: rows }, (_, at) => `site ${at},${-37 - at / 1_000},${144 + at / 1_000}`);
  await writeFile(file, `NAME,Latitude,LONGITUDE\n${lines.join('\n')}\n`);
  return file;
}

describe('treadle init', () => {
  it('lays out a folder per node, with keys that their owner alone can read', async () => {
    const { folder, outcome, laid } = await init(
      '--edges',
      '2',
      '--devices',
      '1',
      '--company',
      'Ada',
      'Bolt',
      'Cog',
      '--chain-id',
      '99',
    );
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(laid).toMatchObject({ folder, chainId: 99 });
    // One device more than the fleet runs, for single tasks.
    const expected = ['proxy', 'company-1', 'company-2', 'company-3', 'centre', 'edge-1', 'edge-2', 'device-1', 'device-2'];
    expect(laid.members.map((member) => member.folder)).toEqual(expected);
    expect(laid.members.filter(({ role }) => role === 'company').map(({ name }) => name)).toEqual(['Ada', 'Bolt', 'Cog']);
    expect((await readdir(folder)).toSorted()).toEqual([...expected, 'consortium.json', 'fleet', 'genesis.json'].toSorted());
    const keys = new Set<unknown>();
    for (const { folder: seat, role } of laid.members) {
      const mode = async (file: string) => (await stat(join(folder, seat, file))).mode & 0o777;
      expect(await mode('key.json')).toBe(0o600);
      expect(await mode('node.json')).toBe(0o644);
      expect((await readdir(join(folder, seat))).includes('certificate.json')).toBe(role !== 'proxy' && role !== 'company');
      keys.add((await readFile(join(folder, seat, 'key.json'), 'utf8')).trim());
    }
    expect(keys.size).toBe(expected.length);
    expect(await readJson(folder, 'fleet', 'fleet.json')).toMatchObject({ members: ['../device-1'] });
    expect(await readJson(folder, 'genesis.json')).toMatchObject({ chainId: 99 });
  });

  it('draws new keys every time, and gives ports in a row', async () => {
    const [first, second] = [
      await init('--edges', '0', '--devices', '0', '--rpc-port', '9000', '--peer-port', '9100', '--console-port', '9200'),
      await init(),
    ];
    expect(first.laid.members.filter(({ node }) => second.laid.members.some((other) => other.node === node))).toEqual([]);
    expect(second.laid.members.filter(({ role }) => role === 'edge')).toHaveLength(6);
    expect(second.laid.members.filter(({ role }) => role === 'device')).toHaveLength(13);
    expect(await readJson(first.folder, 'company-1', 'node.json')).toMatchObject({
      listen: { host: '127.0.0.1', port: 9101 },
      rpc: { port: 9001 },
      console: { port: 9201 },
    });
  });

  it('lays out oracle nodes, and several ledgers that are complete by themselves', async () => {
    const { folder, outcome } = await init('--ledgers', 'fbc,north,south', '--oracles', '5', '--edges', '3', '--devices', '4');
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    const laid = outcome.json() as unknown as {
      readonly ledgers: readonly (Laid & { readonly name: string; readonly kind: string })[];
    };
    expect(laid.ledgers.map(({ name, kind, chainId }) => [name, kind, chainId])).toEqual([
      ['fbc', 'federal', 7331],
      ['north', 'local', 7332],
      ['south', 'local', 7333],
    ]);
    const count = (role: string) => laid.ledgers.map(({ members }) => members.filter((member) => member.role === role).length);
    expect([count('oracle'), count('edge'), count('device')]).toEqual([
      [5, 5, 5],
      [0, 1, 2],
      [0, 3, 3],
    ]);
    const keyOf = (ledger: number, seat: string) => laid.ledgers[ledger]?.members.find((member) => member.folder === seat)?.node;
    for (const seat of ['proxy', 'company-2', 'centre', 'oracle-5']) {
      expect(keyOf(1, seat)).toBe(keyOf(0, seat));
      expect((await readJson(folder, 'south', seat, 'key.json')).address).toBe(keyOf(0, seat));
    }
    expect(keyOf(2, 'edge-1')).not.toBe(keyOf(1, 'edge-1'));
    expect(await readJson(folder, 'north', 'oracle-1', 'certificate.json')).toMatchObject({ role: 'oracle', chainId: 7332 });
    const ports = new Set<unknown>();
    for (const [at, { name, members }] of laid.ledgers.entries()) {
      expect(await readJson(folder, name, 'genesis.json')).toMatchObject({ chainId: 7331 + at });
      for (const { folder: seat, role } of members) {
        if (role === 'device') continue;
        const { listen } = (await readJson(folder, name, seat, 'node.json')) as { listen: { port: number } };
        expect(ports.has(listen.port)).toBe(false);
        ports.add(listen.port);
      }
    }
    expect((await readdir(folder)).toSorted()).toEqual(['fbc', 'ledgers.json', 'north', 'south']);
    for (const names of ['fbc', 'fbc,fbc', 'fbc,../x', 'fbc,']) {
      const refused = await runTreadle('init', '--folder', join(await emptyFolder(), 'new'), '--ledgers', names, '--json');
      expect(refused.json()).toMatchObject({ error: { code: 'CONSORTIUM_PLAN_INVALID' } });
    }
  });

  it('says for people what is there and what comes next', async () => {
    const folder = join(await emptyFolder(), 'new');
    const { exitCode, stdout } = await runTreadle('init', '--folder', folder);
    expect(exitCode).toBe(0);
    for (const words of ['4 sealers', folder, 'company-3', 'key.json files are secret', `treadle up --folder ${folder}`])
      expect(stdout).toContain(words);
  });

  it('refuses a folder that holds something, and leaves it as it was', async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, 'notes.txt'), 'mine');
    for (const command of [['init'], ['up', '--no-progress']]) {
      const outcome = await runTreadle(...command, '--folder', folder, '--json');
      expect(outcome.exitCode).toBe(1);
      expect(outcome.json()).toMatchObject({
        error: { code: 'CLI_FOLDER_NOT_EMPTY', message: expect.stringContaining('nothing was changed') },
      });
    }
    expect(await readdir(folder)).toEqual(['notes.txt']);
    const file = await runTreadle('init', '--folder', join(folder, 'notes.txt'));
    expect(file).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('CLI_FILE_UNREADABLE') });
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it.each<readonly [string, readonly string[], string, RegExp]>([
    [
      'fewer than three companies',
      ['--company', 'Ada', 'Bolt'],
      'CONSORTIUM_TOO_FEW_COMPANIES',
      /2 companies and the proxy make 3 sealers/,
    ],
    ['a count that is none', ['--edges', 'many'], 'CLI_BAD_OPTION', /--edges is "many"/],
    ['a port beyond the last', ['--peer-port', '65536'], 'CLI_BAD_OPTION', /--peer-port/],
    ['ports that run into one another', ['--peer-port', '8545'], 'CONSORTIUM_PLAN_INVALID', /both need port 8545/],
    ['a chain id of 0', ['--chain-id', '0'], 'CLI_BAD_OPTION', /--chain-id/],
    [
      'places that are not there',
      ['--sites', '/nowhere/sites.csv'],
      'CLI_FILE_UNREADABLE',
      /\/nowhere\/sites\.csv cannot be read \(ENOENT\)/,
    ],
  ])('refuses %s, and writes nothing', async (_what, options, code, words) => {
    const folder = join(await emptyFolder(), 'new');
    const outcome = await runTreadle('init', '--folder', folder, '--json', ...options);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.json()).toMatchObject({ error: { code, message: expect.stringMatching(words) } });
    await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('puts edge nodes and devices where files say: every row, or as many as are wanted, evenly spaced', async () => {
    const [sites, users] = [await csv(5), await csv(10)];
    const placesOf = ({ members }: Laid, role: string) =>
      members.filter((member) => member.role === role).map(({ position }) => position);
    const row = (at: number): Place => ({ latitude: -37 - at / 1_000, longitude: 144 + at / 1_000 });

    const { laid: all } = await init('--sites', sites, '--users', users);
    expect(placesOf(all, 'edge')).toEqual([0, 1, 2, 3, 4].map(row));
    expect(placesOf(all, 'device').slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(row));

    const { laid: some } = await init('--sites', sites, '--edges', '2', '--users', users, '--devices', '4');
    expect(placesOf(some, 'edge')).toEqual([0, 2].map(row));
    expect(placesOf(some, 'device').slice(0, 4)).toEqual([0, 2, 5, 7].map(row));

    // Where the file has too few rows, the rest is scattered.
    const { laid: more } = await init('--sites', sites, '--edges', '7', '--devices', '0');
    expect(placesOf(more, 'edge').slice(0, 5)).toEqual([0, 1, 2, 3, 4].map(row));
    expect(placesOf(more, 'edge')).toHaveLength(7);
  });

  it('says which file of places cannot be used, and why', async () => {
    const file = join(await emptyFolder(), 'sites.csv');
    await writeFile(file, 'NAME,LATITUDE\na,1\n');
    const outcome = await runTreadle('init', '--folder', join(await emptyFolder(), 'new'), '--sites', file, '--json');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.json()).toMatchObject({
      error: { code: expect.stringMatching(/^PLACES_/), message: expect.stringContaining(file) },
    });
  });

  it('says what it could not write', async () => {
    if (process.getuid?.() === 0) {
      // Root may write anywhere, but not below a file.
      const folder = await emptyFolder();
      await writeFile(join(folder, 'file'), '');
      const outcome = await runTreadle('init', '--folder', join(folder, 'file', 'new'), '--json');
      expect(outcome.json()).toMatchObject({ error: { code: 'CLI_FILE_UNREADABLE' } });
      return;
    }
    const folder = join(await emptyFolder(), 'closed');
    await mkdir(folder, { mode: 0o500 });
    const outcome = await runTreadle('init', '--folder', join(folder, 'new'), '--json');
    expect(outcome.json()).toMatchObject({ error: { code: 'CLI_FILE_UNWRITABLE', message: expect.stringContaining('EACCES') } });
  });
});
