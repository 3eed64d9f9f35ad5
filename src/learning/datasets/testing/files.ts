import { deflateRawSync, gzipSync } from 'node:zlib';
import type { DataFile } from '../byte-source.ts';
import { crc32 } from '../zip.ts';

/** Makes the files that the parsers read, byte by byte as their formats say. */
export const file = (name: string, content: Uint8Array | string): DataFile => ({
  name,
  bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content,
});

export function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  for (const [at, size] of shape.entries()) view.setUint32(4 + 4 * at, size);
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

export const packed = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

export function tar(files: readonly DataFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { name, bytes } of files) {
    const header = new Uint8Array(512);
    const put = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
    put(name, 0);
    put(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    put('        ', 148);
    header[156] = 0x30;
    const sum = header.reduce((total, byte) => total + byte, 0);
    put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
    body.set(bytes);
    parts.push(header, body);
  }
  return joined([...parts, new Uint8Array(1024)]);
}

export function zip(files: readonly DataFile[], method: 0 | 8 = 8): Uint8Array {
  const locals: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const title = new TextEncoder().encode(name);
    const body = method === 8 ? new Uint8Array(deflateRawSync(bytes)) : bytes;
    const local = new Uint8Array(30 + title.length);
    const entry = new Uint8Array(46 + title.length);
    const put = (view: DataView, at: number): void => {
      view.setUint16(at, method, true);
      view.setUint32(at + 6, crc32(bytes), true);
      view.setUint32(at + 10, body.length, true);
      view.setUint32(at + 14, bytes.length, true);
      view.setUint16(at + 18, title.length, true);
    };
    const localView = new DataView(local.buffer);
    localView.setUint32(0, 0x04034b50, true);
    put(localView, 8);
    local.set(title, 30);
    const entryView = new DataView(entry.buffer);
    entryView.setUint32(0, 0x02014b50, true);
    put(entryView, 10);
    entryView.setUint32(42, offset, true);
    entry.set(title, 46);
    locals.push(local, body);
    entries.push(entry);
    offset += local.length + body.length;
  }
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, files.length, true);
  view.setUint16(10, files.length, true);
  view.setUint32(
    12,
    entries.reduce((sum, entry) => sum + entry.length, 0),
    true,
  );
  view.setUint32(16, offset, true);
  return joined([...locals, ...entries, end]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Rows of engines that run so many cycles each, in C-MAPSS's layout. */
export const cmapssText = (cycles: readonly number[]): string =>
  cycles
    .flatMap((count, unit) =>
      Array.from({ length: count }, (_, cycle) =>
        [unit + 1, cycle + 1, ...Array.from({ length: 24 }, (_each, column) => unit + cycle / 100 + column)].join(' '),
      ),
    )
    .join(' \n');

const AI4I_HEAD =
  'UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],Torque [Nm],Tool wear [min],Machine failure,TWF,HDF,PWF,OSF,RNF';

export const ai4iText = (rows: readonly string[]): string => `${[AI4I_HEAD, ...rows].join('\r\n')}\r\n`;
