import { TreadleError } from '../../errors.ts';
import { DATASET_FILE_BYTES_MAX } from '../../limits.ts';
import { badFile, type DataFile } from './byte-source.ts';
import './errors.ts';

/** True when the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file; gives back as it is what is not one. To be called before a simulation starts: the platform
 * unpacks on threads of its own.
 *
 * @param limitBytes - most that it may unpack to
 * @returns the content, without the ending `.gz` in its name
 * @throws TreadleError DATASET_BAD_ARCHIVE | DATASET_TOO_LARGE
 */
export async function gunzip(file: DataFile, limitBytes: number = DATASET_FILE_BYTES_MAX): Promise<DataFile> {
  const name = file.name.replace(/\.gz$/, '');
  if (isGzip(file.bytes)) return { name, bytes: await inflate(file, 'gzip', limitBytes) };
  if (name !== file.name) throw badFile('DATASET_BAD_MAGIC', file.name, 'it is named .gz and is no gzip file');
  return file;
}

/**
 * Unpacks a compressed stream as a whole.
 *
 * @throws TreadleError DATASET_BAD_ARCHIVE | DATASET_TOO_LARGE
 */
export async function inflate(file: DataFile, format: 'gzip' | 'deflate-raw', limitBytes: number): Promise<Uint8Array> {
  const packed = new Blob([file.bytes as Uint8Array<ArrayBuffer>]);
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of packed.stream().pipeThrough(new DecompressionStream(format))) {
      length += part.length;
      if (length > limitBytes)
        throw badFile('DATASET_TOO_LARGE', file.name, `it unpacks to more than ${limitBytes} bytes`, { limitBytes });
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof TreadleError) throw cause;
    throw new TreadleError('DATASET_BAD_ARCHIVE', {
      detail: `${file.name}: it cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`,
      data: { file: file.name },
      cause,
    });
  }
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
