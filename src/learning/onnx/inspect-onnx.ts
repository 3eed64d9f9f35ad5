import { isOwnDomain } from './compile-graph.ts';
import { type ModelNotes, notesOf } from './metadata.ts';
import { decodeModel, toNumber, type ValueInfoProto } from './model-proto.ts';
import { OPERATORS, OPSET_MAX, OPSET_MIN } from './operators/operators.ts';

/** What a file says, whether it can be run here or not. */
export interface OnnxReport {
  readonly name: string;
  readonly producer: string;
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number; readonly runs: boolean }[];
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly operators: readonly {
    readonly operator: string;
    readonly domain: string;
    readonly nodes: number;
    readonly runs: boolean;
  }[];
  /** Numbers that the file holds, in all constants. */
  readonly constants: number;
  readonly notes: ModelNotes;
}

/** Reads what a file says of itself. @throws TreadleError ONNX_FILE_INVALID | ONNX_TOO_LARGE */
export function inspectOnnx(bytes: Uint8Array): OnnxReport {
  const model = decodeModel(bytes);
  const { graph } = model;
  const constants = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', (tensor.dims ?? []).map(toNumber)]));
  const counts = new Map<string, { operator: string; domain: string; nodes: number; runs: boolean }>();
  for (const { opType, domain: given } of graph.node) {
    const domain = isOwnDomain(given) ? 'ai.onnx' : (given as string);
    const runs = domain === 'ai.onnx' && OPERATORS.has(opType);
    const entry = counts.get(`${domain} ${opType}`) ?? { operator: opType, domain, nodes: 0, runs };
    counts.set(`${domain} ${opType}`, { ...entry, nodes: entry.nodes + 1 });
  }
  return {
    name: graph.name ?? '',
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    irVersion: toNumber(model.irVersion),
    opsets: model.opsetImport.map(({ domain, version: given }) => {
      const version = toNumber(given);
      const own = isOwnDomain(domain);
      return { domain: own ? 'ai.onnx' : (domain as string), version, runs: own && version >= OPSET_MIN && version <= OPSET_MAX };
    }),
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(described),
    outputs: graph.output.map(described),
    operators: [...counts.values()],
    constants: [...constants.values()].reduce((sum, dims) => sum + dims.reduce((product, dim) => product * dim, 1), 0),
    notes: notesOf(model),
  };
}

function described({ name, type }: ValueInfoProto) {
  const dims = type?.tensorType?.shape?.dim ?? [];
  return { name, shape: dims.map(({ dimValue, dimParam }) => toNumber(dimValue) || dimParam || '?') };
}
