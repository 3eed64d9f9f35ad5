import { expect, it } from 'vitest';
import { toHex } from '../../crypto/index.ts';
import { DISK_PROBE_INTERVAL_MS, LOG_RECORD_BYTES_MAX } from '../../limits.ts';
import type { AppendLog, Table, TableRange } from '../environment.ts';
import type { ContractWorld } from './contract-world.ts';

/** What every append log does. */
export function logContract(world: () => ContractWorld): void {
  it('returns what was appended, in order, and keeps what was synced', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('votes'));
    const first = Uint8Array.of(1);
    log.append(first);
    first[0] = 99;
    log.append(Uint8Array.of(2, 2));
    await world().run(log.sync());
    log.append(Uint8Array.of(3));
    expect(await contents(log, world())).toEqual([[1], [2, 2], [3]]);
    await world().run(Promise.all([log.sync(), log.sync(), log.sync()]));
    const again = await world().reopen(env, { type: 'none' });
    expect(await contents(await world().run(again.disk.log('votes')), world())).toEqual([[1], [2, 2], [3]]);
  });

  it('takes records of 1 byte to the largest size, and nothing else', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('sizes'));
    log.append(new Uint8Array(LOG_RECORD_BYTES_MAX));
    await world().run(log.sync());
    for (const size of [0, LOG_RECORD_BYTES_MAX + 1]) {
      expect(() => log.append(new Uint8Array(size))).toThrow(expect.objectContaining({ code: 'DISK_RECORD_SIZE' }));
    }
    expect((await world().run(log.records())).map((record) => record.length)).toEqual([LOG_RECORD_BYTES_MAX]);
  });

  it('cuts off a record that was written in part, and goes on behind the last whole one', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('torn'));
    for (let number = 1; number <= 3; number++) log.append(Uint8Array.of(number, number, number));
    await world().run(log.sync());
    // Not synced: it may be lost, survive, or be the one that is on disk in part.
    log.append(Uint8Array.of(9, 9, 9, 9, 9, 9));
    const again = await world().reopen(env, { type: 'tornTail', log: 'torn' });
    const reopened = await world().run(again.disk.log('torn'));
    const whole = await contents(reopened, world());
    expect(whole.slice(0, 3)).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
    expect(again.metrics.snapshot()['disk_log_torn_total']).toBe(1);
    reopened.append(Uint8Array.of(4));
    await world().run(reopened.sync());
    const once = await world().reopen(again, { type: 'none' });
    expect(await contents(await world().run(once.disk.log('torn')), world())).toEqual([...whole, [4]]);
  });

  it('does not open a log with a damaged middle', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('damaged'));
    for (let number = 1; number <= 5; number++) log.append(new Uint8Array(40).fill(number));
    await world().run(log.sync());
    const again = await world().reopen(env, { type: 'damage', log: 'damaged', record: 2 });
    await expect(world().run(again.disk.log('damaged'))).rejects.toMatchObject({ code: 'DISK_LOG_DAMAGED' });
  });

  it('salvages a log with a damaged middle: what can be read is given, and a rewrite makes it whole', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('salvaged'));
    expect(log.findings).toEqual({ damaged: 0, cut: 0 });
    for (let number = 1; number <= 5; number++) log.append(new Uint8Array(40).fill(number));
    await world().run(log.sync());
    const again = await world().reopen(env, { type: 'damage', log: 'salvaged', record: 2 });
    const salvaged = await world().run(again.disk.log('salvaged', { salvage: true }));
    expect(salvaged.findings).toEqual({ damaged: 1, cut: 0 });
    expect(again.metrics.snapshot()['disk_log_damaged_total']).toBe(1);
    const readable = await world().run(salvaged.records());
    expect(readable.map((record) => record[0])).toEqual([1, 2, 4, 5]);
    salvaged.append(Uint8Array.of(6));
    await world().run(salvaged.sync());
    await world().run(salvaged.rewrite(await world().run(salvaged.records())));
    const whole = await world().reopen(again, { type: 'none' });
    const reopened = await world().run(whole.disk.log('salvaged'));
    expect(reopened.findings).toEqual({ damaged: 0, cut: 0 });
    expect((await world().run(reopened.records())).map((record) => record[0])).toEqual([1, 2, 4, 5, 6]);
  });

  it('loses nothing to a full disk: what waits is written when there is room again', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('full'));
    log.append(Uint8Array.of(1));
    await world().run(log.sync());
    world().fill(env, true);
    await world().pass((DISK_PROBE_INTERVAL_MS + 50) * 1000);
    log.append(Uint8Array.of(2));
    await expect(world().run(log.sync())).rejects.toMatchObject({ code: 'DISK_FULL' });
    await expect(world().run(log.rewrite([Uint8Array.of(9)]))).rejects.toMatchObject({ code: 'DISK_FULL' });
    log.append(Uint8Array.of(3));
    await expect(world().run(Promise.all([log.sync(), log.sync()]))).rejects.toMatchObject({ code: 'DISK_FULL' });
    world().fill(env, false);
    log.append(Uint8Array.of(4));
    await world().run(log.sync());
    expect(await contents(log, world())).toEqual([[1], [2], [3], [4]]);
    const again = await world().reopen(env, { type: 'none' });
    expect(await contents(await world().run(again.disk.log('full')), world())).toEqual([[1], [2], [3], [4]]);
  });

  it('rewrites a log as a whole, and keeps what is appended behind it', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('rewritten'));
    for (let number = 1; number <= 5; number++) log.append(Uint8Array.of(number));
    await world().run(log.sync());
    const rewriting = log.rewrite([Uint8Array.of(50), Uint8Array.of(51)]);
    log.append(Uint8Array.of(52));
    await world().run(Promise.all([rewriting, log.sync()]));
    expect(await contents(log, world())).toEqual([[50], [51], [52]]);
    const again = await world().reopen(env, { type: 'none' });
    expect(await contents(await world().run(again.disk.log('rewritten')), world())).toEqual([[50], [51], [52]]);
  });

  it('opens a log once, closes it, and keeps names plain', async () => {
    const env = await world().add();
    const log = await world().run(env.disk.log('single'));
    await expect(world().run(env.disk.log('single'))).rejects.toMatchObject({ code: 'DISK_CLOSED' });
    log.append(Uint8Array.of(1));
    await world().run(log.close());
    expect(() => log.append(Uint8Array.of(2))).toThrow(expect.objectContaining({ code: 'DISK_CLOSED' }));
    expect(await contents(await world().run(env.disk.log('single')), world())).toEqual([[1]]);
    for (const name of ['', '../up', 'Upper', 'a/b']) {
      await expect(world().run(env.disk.log(name))).rejects.toMatchObject({ code: 'DISK_NAME_INVALID' });
    }
  });
}

/** What every table and every blob store does. */
export function tableContract(world: () => ContractWorld): void {
  it('applies batches in order and reads back, across a restart', async () => {
    const env = await world().add();
    const table = await world().run(env.disk.table('state'));
    const value = Uint8Array.of(1);
    await world().run(table.batch([put('a', value), put('b', [2]), put('a', [3]), del('b')], { sync: true }));
    value[0] = 77;
    expect(await world().run(table.get(key('a')))).toEqual(Uint8Array.of(3));
    expect(await world().run(table.get(key('b')))).toBeUndefined();
    const again = await world().reopen(env, { type: 'none' });
    const reopened = await world().run(again.disk.table('state'));
    expect(await world().run(reopened.get(key('a')))).toEqual(Uint8Array.of(3));
    expect(await world().run(reopened.get(key('b')))).toBeUndefined();
  });

  it('lists ranges in the order of the bytes', async () => {
    const env = await world().add();
    const table = await world().run(env.disk.table('ranges'));
    const keys = [[0x00], [0x01], [0x01, 0x00], [0x7f], [0x80], [0xff], [0xff, 0xff]];
    await world().run(
      table.batch(
        [...keys].reverse().map((bytes) => ({ type: 'put', key: Uint8Array.from(bytes), value: Uint8Array.from(bytes) })),
      ),
    );
    const list = async (range?: TableRange) => (await world().run(entries(table, range))).map(([found]) => [...found]);
    expect(await list()).toEqual(keys);
    expect(await list({ from: Uint8Array.of(0x01), to: Uint8Array.of(0x80) })).toEqual([[0x01], [0x01, 0x00], [0x7f]]);
    expect(await list({ reverse: true, limit: 2 })).toEqual([[0xff, 0xff], [0xff]]);
    expect(await list({ from: Uint8Array.of(0x01), to: Uint8Array.of(0x80), reverse: true, limit: 2 })).toEqual([
      [0x7f],
      [0x01, 0x00],
    ]);
    expect(await list({ from: Uint8Array.of(0x81), limit: 1 })).toEqual([[0xff]]);
    expect(await list({ from: Uint8Array.of(0x80), to: Uint8Array.of(0x01) })).toEqual([]);
    await world().run(
      table.batch([
        { type: 'put', key: Uint8Array.of(0x02), value: Uint8Array.of() },
        { type: 'del', key: Uint8Array.of(0xff) },
      ]),
    );
    expect(await list({ from: Uint8Array.of(0x02) })).toEqual([[0x02], [0x7f], [0x80], [0xff, 0xff]]);
    const found = await world().run(table.keys({ from: Uint8Array.of(0x02), limit: 3 }));
    expect(found.map((bytes) => [...bytes])).toEqual([[0x02], [0x7f], [0x80]]);
  });

  it('does not show an iteration what is written during it', async () => {
    const env = await world().add();
    const table = await world().run(env.disk.table('snapshot'));
    await world().run(table.batch([put('a', [1]), put('b', [2]), put('c', [3])]));
    const seen: string[] = [];
    const iterate = async () => {
      for await (const [found] of table.entries()) {
        if (seen.length === 0) await table.batch([put('bb', [9]), del('c')]);
        seen.push(String.fromCharCode(...found));
      }
    };
    await world().run(iterate());
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('opens a table once and closes it', async () => {
    const env = await world().add();
    const table = await world().run(env.disk.table('single'));
    await expect(world().run(env.disk.table('single'))).rejects.toMatchObject({ code: 'DISK_CLOSED' });
    await world().run(table.close());
    await expect(world().run(table.get(key('a')))).rejects.toMatchObject({ code: 'DISK_CLOSED' });
    await world().run(env.disk.table('single'));
  });

  it('never passes a value off that is not what was written', async () => {
    const env = await world().add();
    const table = await world().run(env.disk.table('rotten'));
    const names = Array.from({ length: 8 }, (_, at) => String.fromCharCode(97 + at));
    await world().run(
      table.batch(
        names.map((name, at) => put(name, [at, at, at])),
        { sync: true },
      ),
    );
    const again = await world().reopen(env, { type: 'rot', table: 'rotten', entries: 3 });
    const rotten = await world().run(again.disk.table('rotten'));
    const lost: string[] = [];
    for (const [at, name] of names.entries()) {
      const read = await world().run(rotten.get(key(name)).catch((error: unknown) => error));
      if (read instanceof Uint8Array) expect(read).toEqual(Uint8Array.of(at, at, at));
      else expect(read).toMatchObject({ code: 'DISK_DAMAGED', data: { key: toHex(key(name)) } });
      if (!(read instanceof Uint8Array)) lost.push(name);
    }
    expect(lost).toHaveLength(3);
    await expect(world().run(entries(rotten))).rejects.toMatchObject({ code: 'DISK_DAMAGED' });
    const told: string[] = [];
    const sound = await world().run(entries(rotten, { onDamaged: (found) => told.push(String.fromCharCode(...found)) }));
    expect(told).toEqual(lost);
    expect(sound).toHaveLength(5);
    await expect(world().run(rotten.keys({ limit: 8 }))).rejects.toMatchObject({ code: 'DISK_DAMAGED' });
    const passed: string[] = [];
    const whole = rotten.keys({ limit: 8, onDamaged: (found) => passed.push(String.fromCharCode(...found)) });
    expect(await world().run(whole)).toEqual(sound.map(([found]) => found));
    expect(passed).toEqual(lost);
    // Written anew it is whole; deleted it is gone.
    const [first = '', second = '', third = ''] = lost;
    await world().run(rotten.batch([put(first, [1]), put(second, [2]), del(third)], { sync: true }));
    expect(await world().run(entries(rotten))).toHaveLength(7);
    expect(await world().run(rotten.get(key(third)))).toBeUndefined();
  });

  it('refuses what a full disk has no room for, whole, and goes on when there is room', async () => {
    const env = await world().add();
    const table = await world().run(env.disk.table('full'));
    const blobs = await world().run(env.disk.blobs());
    await world().run(table.batch([put('a', [1]), put('b', [2])], { sync: true }));
    world().fill(env, true);
    await world().pass((DISK_PROBE_INTERVAL_MS + 50) * 1000);
    const full = { code: 'DISK_FULL' };
    await expect(world().run(table.batch([put('a', [9]), put('c', [3])], { sync: true }))).rejects.toMatchObject(full);
    await expect(world().run(blobs.put(Uint8Array.of(1)))).rejects.toMatchObject(full);
    // What makes room is let through.
    await world().run(table.batch([del('b')], { sync: true }));
    await world().run(table.compact());
    expect(await world().run(table.get(key('a')))).toEqual(Uint8Array.of(1));
    world().fill(env, false);
    await world().run(table.batch([put('c', [3])], { sync: true }));
    const hash = await world().run(blobs.put(Uint8Array.of(1)));
    const again = await world().reopen(env, { type: 'none' });
    const reopened = await world().run(again.disk.table('full'));
    expect((await world().run(entries(reopened))).map(([found]) => String.fromCharCode(...found))).toEqual(['a', 'c']);
    expect(await world().run((await world().run(again.disk.blobs())).get(hash))).toEqual(Uint8Array.of(1));
  });

  it('says how many bytes it uses', async () => {
    const env = await world().add();
    const before = await world().run(env.disk.usedBytes());
    const blobs = await world().run(env.disk.blobs());
    const table = await world().run(env.disk.table('large'));
    await world().run(table.batch([put('a', new Uint8Array(50_000).fill(7))], { sync: true }));
    await world().run(blobs.put(new Uint8Array(50_000)));
    const used = (await world().run(env.disk.usedBytes())) - before;
    expect(used).toBeGreaterThanOrEqual(100_000);
    expect(used).toBeLessThan(300_000);
  });

  it('counts a spoilt blob as missing, and stores it anew', async () => {
    const env = await world().add();
    const blobs = await world().run(env.disk.blobs());
    const hash = await world().run(blobs.put(Uint8Array.of(1, 2, 3)));
    const again = await world().reopen(env, { type: 'rotBlobs', count: 1 });
    const spoilt = await world().run(again.disk.blobs());
    expect(await world().run(spoilt.get(hash))).toBeUndefined();
    expect(again.metrics.snapshot()['disk_blobs_damaged_total']).toBe(1);
    const once = await world().reopen(again, { type: 'none' });
    const stored = await world().run(once.disk.blobs());
    await world().run(stored.put(Uint8Array.of(1, 2, 3)));
    const twice = await world().reopen(once, { type: 'rotBlobs', count: 1 });
    const rotten = await world().run(twice.disk.blobs());
    await world().run(rotten.put(Uint8Array.of(1, 2, 3)));
    expect(await world().run(rotten.get(hash))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('keeps blobs by their hash', async () => {
    const env = await world().add();
    const blobs = await world().run(env.disk.blobs());
    const content = new TextEncoder().encode('abc');
    // SHA-256 of "abc", FIPS 180-2 appendix B.1.
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(await world().run(Promise.all([blobs.put(content), blobs.put(content)]))).toEqual([hash, hash]);
    const again = await world().reopen(env, { type: 'none' });
    const reopened = await world().run(again.disk.blobs());
    expect(await world().run(reopened.get(hash))).toEqual(content);
    expect(await world().run(reopened.get('../../etc/passwd'))).toBeUndefined();
    await world().run(reopened.delete(hash));
    expect(await world().run(reopened.get(hash))).toBeUndefined();
  });
}

async function contents(log: AppendLog, world: ContractWorld): Promise<number[][]> {
  return (await world.run(log.records())).map((record) => [...record]);
}

async function entries(table: Table, range?: TableRange): Promise<(readonly [Uint8Array, Uint8Array])[]> {
  const all: (readonly [Uint8Array, Uint8Array])[] = [];
  for await (const entry of table.entries(range)) all.push(entry);
  return all;
}

function key(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function put(text: string, value: readonly number[] | Uint8Array) {
  return { type: 'put', key: key(text), value: value instanceof Uint8Array ? value : Uint8Array.from(value) } as const;
}

function del(text: string) {
  return { type: 'del', key: key(text) } as const;
}
