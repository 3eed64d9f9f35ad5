import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEngine, NETWORKS, Network, weightsToBytes } from '../../learning/index.ts';
import { exportModel, inspect, predict } from './model.ts';

let folder = '';
const at = (name: string) => path.join(folder, name);
const network = new Network(createEngine(), NETWORKS.mlp, { seed: 2 });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'treadle-model-'));
  await writeFile(at('weights.bin'), weightsToBytes(network.copyWeights()));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** What a command prints with --json. */
async function printed(command: () => Promise<void>): Promise<unknown> {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  await command();
  write.mockRestore();
  return JSON.parse(lines.join(''));
}

describe('treadle model', () => {
  it('exports a network, tells what is in the file, and predicts what the network does', async () => {
    const options = { network: 'mlp', out: at('mlp.onnx'), mean: '2', deviation: '4', json: true };
    const made = (await printed(() => exportModel(at('weights.bin'), options))) as { digest: string; bytes: number };
    expect(made.bytes).toBe((await readFile(at('mlp.onnx'))).length);
    expect(await printed(() => inspect(at('mlp.onnx'), { json: true }))).toMatchObject({
      digest: made.digest,
      runs: true,
      constants: 159_010,
      notes: { scaling: { mean: [2], deviation: [4] } },
    });
    const sample = Array.from({ length: 784 }, (_, pixel) => pixel % 7);
    await writeFile(at('sample.json'), JSON.stringify([sample]));
    const found = await printed(() => predict(at('mlp.onnx'), { input: at('sample.json'), json: true }));
    const scores = network.predict(
      Float32Array.from(sample, (value) => (value - 2) / 4),
      [0],
    );
    expect(found).toEqual([{ class: String(scores.indexOf(Math.max(...scores))), outputs: [...scores] }]);
  });

  it('says what is wrong with files and options', async () => {
    const weights = at('weights.bin');
    const code = (expected: string) => expect.objectContaining({ code: expected });
    const out = at('other.onnx');
    await writeFile(at('taken.onnx'), 'no model');
    await expect(exportModel(weights, { network: 'mlp', out: at('taken.onnx') })).rejects.toThrow(code('CLI_FILE_EXISTS'));
    await expect(exportModel(weights, { network: 'constructor', out })).rejects.toThrow(/there are mnist, /);
    await expect(exportModel(weights, { network: 'mnist', out })).rejects.toThrow(code('LEARNING_BATCH_INVALID'));
    await expect(exportModel(weights, { network: 'mlp', out, mean: '1' })).rejects.toThrow(/go together/);
    await expect(inspect(at('taken.onnx'), {})).rejects.toThrow(code('ONNX_FILE_INVALID'));
    await expect(predict(at('absent.onnx'), { input: 'x' })).rejects.toThrow(code('CLI_FILE_UNREADABLE'));
    await expect(predict(at('mlp.onnx'), {})).rejects.toThrow(code('CLI_BAD_OPTION'));
  });
});
