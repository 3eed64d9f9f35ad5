import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../environment.ts';
import { postgresTelemetry } from '../host/telemetry/postgres-telemetry.ts';
import { sqliteTelemetry } from '../host/telemetry/sqlite-telemetry.ts';
import { HAS_POSTGRES, startPostgres } from '../host/testing/postgres-server.ts';
import { memoryTelemetry } from '../memory-telemetry.ts';
import type { TelemetryStore } from '../telemetry.ts';
import { telemetryContract } from './telemetry-contract.ts';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };

telemetryContract('memory', async () => ({ open: async () => memoryTelemetry(), close: async () => {} }));

telemetryContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'treadle-telemetry-'));
  let count = 0;
  let store: TelemetryStore | undefined;
  const open = async (): Promise<TelemetryStore> => {
    await store?.close();
    store = sqliteTelemetry({ file: join(folder, `${count}.sqlite`) });
    return store;
  };
  return {
    open: () => {
      count++;
      return open();
    },
    reopen: open,
    close: async () => {
      await store?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

describe('telemetry in SQLite', () => {
  it('can be read by others while it is written, and says when the file is something else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'treadle-telemetry-'));
    try {
      const file = join(folder, 'readings.sqlite');
      const [writer, reader] = [sqliteTelemetry({ file }), sqliteTelemetry({ file })];
      await writer.append([{ twin: 'a', metric: 'b', timeMs: 1, value: 2 }]);
      expect(await reader.latest('a')).toHaveLength(1);
      await Promise.all([writer.close(), reader.close()]);
      await writeFile(join(folder, 'text'), 'no database at all, but long enough to be looked at as one'.repeat(20));
      expect(() => sqliteTelemetry({ file: join(folder, 'text') })).toThrow(
        expect.objectContaining({ code: 'TELEMETRY_FAILED' }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

if (HAS_POSTGRES) {
  telemetryContract('PostgreSQL', async () => {
    const server = await startPostgres();
    let count = 0;
    let store: TelemetryStore | undefined;
    const open = async (): Promise<TelemetryStore> => {
      await store?.close();
      store = await postgresTelemetry({ connectionString: server.url, schema: `telemetry_${count}`, log: silent });
      return store;
    };
    return {
      open: () => {
        count++;
        return open();
      },
      reopen: open,
      close: async () => {
        await store?.close();
        await server.stop();
      },
    };
  });

  describe('telemetry in PostgreSQL', () => {
    it('says when the server is away, and goes on when it is back', async () => {
      await expect(
        postgresTelemetry({ connectionString: 'postgres://treadle@127.0.0.1:1/none', log: silent }),
      ).rejects.toMatchObject({
        code: 'TELEMETRY_UNREACHABLE',
      });
      const server = await startPostgres();
      const store = await postgresTelemetry({ connectionString: server.url, log: silent });
      await store.append([{ twin: 'a', metric: 'b', timeMs: 1, value: 2 }]);
      await expect(postgresTelemetry({ connectionString: server.url, schema: 'a b', log: silent })).rejects.toMatchObject({
        code: 'TELEMETRY_FAILED',
      });
      await server.stop();
      await expect(store.latest('a')).rejects.toMatchObject({ code: 'TELEMETRY_UNREACHABLE' });
      await store.close();
    });
  });
} else {
  describe('telemetry contract: PostgreSQL', () => {
    it.skipIf(true)('was not run: this machine has no PostgreSQL (initdb and postgres) to start', () => {});
  });
}
