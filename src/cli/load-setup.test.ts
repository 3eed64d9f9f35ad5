import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadFleet, loadNode } from './load-setup.ts';
import { loadPlaces } from './places.ts';
import { runTreadle } from './testing/run-treadle.ts';
import { withContacts } from './with-contacts.ts';
import { withStorageLimit } from './with-storage-limit.ts';

let root: string;
let folder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'treadle-load-'));
  expect(await runTreadle('init', '--folder', join(root, 'clean'), '--edges', '1', '--devices', '2')).toMatchObject({
    exitCode: 0,
  });
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = join(root, 'used');
  await rm(folder, { recursive: true, force: true });
  await cp(join(root, 'clean'), folder, { recursive: true });
});

/** Changes a file of the laid-out consortium; undefined removes it. */
async function change(path: string, edit: ((text: string) => string) | undefined): Promise<string> {
  const file = join(folder, path);
  if (edit === undefined) await rm(file);
  else await writeFile(file, edit(await readFile(file, 'utf8')));
  return file;
}

describe('the folder of a node', () => {
  it('is read with all the files that node.json names', async () => {
    const company = await loadNode(join(folder, 'company-1'));
    expect(company).toMatchObject({ folder: join(folder, 'company-1'), dataFolder: join(folder, 'company-1', 'data') });
    expect(company.setup.certificate).toBeUndefined();
    expect(company.setup.file).toMatchObject({ role: 'company', company: company.setup.key.address });
    const edge = await loadNode(join(folder, 'edge-1'));
    expect(edge.setup.certificate).toMatchObject({ observer: edge.setup.key.address, role: 'edge' });
    expect(edge.setup.genesis).toEqual(company.setup.genesis);
  });

  it.each<readonly [string, string, ((text: string) => string) | undefined, string]>([
    ['no node.json', 'edge-1/node.json', undefined, 'CLI_FOLDER_MISSING'],
    ['no key', 'edge-1/key.json', undefined, 'CLI_FILE_UNREADABLE'],
    ['no genesis', 'genesis.json', undefined, 'CLI_FILE_UNREADABLE'],
    ['no certificate', 'edge-1/certificate.json', undefined, 'CLI_FILE_UNREADABLE'],
    ['a node.json that is no JSON', 'edge-1/node.json', () => '{', 'CONFIG_NOT_JSON'],
    ['a key too many', 'edge-1/node.json', (text) => text.replace('"name"', '"nmae": 1, "name"'), 'CONFIG_UNKNOWN_KEY'],
    ['a value that does not fit', 'edge-1/node.json', (text) => text.replace(/"port": \d+/, '"port": "x"'), 'CONFIG_INVALID'],
    ['a key that is none', 'edge-1/key.json', (text) => text.replace(/0x[0-9a-f]{64}/, '0x00'), 'CONFIG_INVALID'],
    ['a genesis that is cut off', 'genesis.json', (text) => text.slice(0, 100), 'CONFIG_NOT_JSON'],
  ])('with %s is refused, and the file is named', async (_what, path, edit, code) => {
    const file = await change(path, edit);
    await expect(loadNode(join(folder, 'edge-1'))).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
  });

  it('says what the node speaks and keeps, unless the command line does', async () => {
    await change('edge-1/node.json', (text) =>
      text.replace('"name"', '"wireVersions": { "lowest": 1, "highest": 1 }, "storage": { "limitGb": 2 }, "name"'),
    );
    const loaded = await loadNode(join(folder, 'edge-1'));
    expect(loaded.setup.wireVersions).toEqual({ lowest: 1, highest: 1 });
    expect(withStorageLimit(loaded, undefined).setup.file.storage.limitGb).toBe(2);
    expect(withStorageLimit(loaded, '0.5').setup.file.storage.limitGb).toBe(0.5);
    expect(() => withStorageLimit(loaded, 'much')).toThrow(/--storage-limit is "much"/);
  });

  it('with a certificate that cannot be read names its file', async () => {
    const file = await change('edge-1/certificate.json', () => '[]');
    await expect(loadNode(join(folder, 'edge-1'))).rejects.toMatchObject({ message: expect.stringContaining(file) });
  });
});

describe('the folder of a fleet', () => {
  it('names the folders of its members', async () => {
    const { name, members } = await loadFleet(join(folder, 'fleet'));
    expect(name).toBe('Devices');
    expect(members.map((member) => member.folder)).toEqual([join(folder, 'device-1'), join(folder, 'device-2')]);
    expect(members.every(({ setup }) => setup.file.role === 'device')).toBe(true);
  });

  it('is refused where it is none, or where a member is missing', async () => {
    await expect(loadFleet(join(folder, 'edge-1'))).rejects.toMatchObject({
      code: 'CLI_FOLDER_MISSING',
      message: expect.stringContaining('fleet.json'),
    });
    await rm(join(folder, 'device-2'), { recursive: true });
    await expect(loadFleet(join(folder, 'fleet'))).rejects.toMatchObject({
      code: 'CLI_FOLDER_MISSING',
      message: expect.stringContaining('device-2'),
    });
  });
});

describe('contacts on the command line', () => {
  const address = `0x${'Ab'.repeat(20)}`;

  it('come before those of node.json', async () => {
    const loaded = await loadNode(join(folder, 'edge-1'));
    expect(withContacts(loaded, [])).toBe(loaded);
    const { contacts } = withContacts(loaded, [`${address}@/ip4/10.0.0.1/tcp/9400`]).setup.file;
    expect(contacts).toEqual([
      { node: address.toLowerCase(), addresses: ['/ip4/10.0.0.1/tcp/9400'] },
      ...loaded.setup.file.contacts,
    ]);
  });

  it.each(['', address, `${address}@10.0.0.1:9400`, `0x12@/ip4/10.0.0.1/tcp/9400`, `@/ip4/10.0.0.1/tcp/9400`])(
    '"%s" is refused',
    async (text) => {
      const loaded = await loadNode(join(folder, 'edge-1'));
      expect(() => withContacts(loaded, [text])).toThrow(
        expect.objectContaining({ code: 'CLI_BAD_OPTION', detail: expect.stringContaining(`--contact "${text}"`) }),
      );
    },
  );
});

it('places are read where a file is named', async () => {
  expect(await loadPlaces(undefined)).toBeUndefined();
  const file = join(root, 'places.csv');
  await writeFile(file, 'longitude,Id,LATITUDE\n144.5,7,-37.5\n');
  expect(await loadPlaces(file)).toMatchObject([{ latitude: -37.5, longitude: 144.5 }]);
  await expect(loadPlaces(join(root, 'none.csv'))).rejects.toMatchObject({ code: 'CLI_FILE_UNREADABLE' });
});
