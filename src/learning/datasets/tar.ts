import { DATASET_ARCHIVE_ENTRIES_MAX } from '../../limits.ts';
import { badFile, type DataFile } from './byte-source.ts';
import './errors.ts';

const BLOCK = 512;

/**
 * The regular files of a tar archive (POSIX ustar, and what older programs wrote), as views of its bytes. Folders, links
 * and extended headers are passed over: their names lead nowhere here, since nothing is written to a disk.
 *
 * @throws TreadleError DATASET_BAD_ARCHIVE | DATASET_TRUNCATED | DATASET_TOO_LARGE
 */
export function readTar({ name, bytes }: DataFile): DataFile[] {
  const files: DataFile[] = [];
  let at = 0;
  for (let entries = 0; at + BLOCK <= bytes.length; entries++) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    if (entries >= DATASET_ARCHIVE_ENTRIES_MAX)
      throw badFile('DATASET_TOO_LARGE', name, `it holds more than ${DATASET_ARCHIVE_ENTRIES_MAX} files`);
    if (octal(header, 148, 8) !== checksum(header))
      throw badFile('DATASET_BAD_ARCHIVE', name, `the header at byte ${at} is damaged`, { offset: at });
    const size = octal(header, 124, 12);
    if (size === undefined) throw badFile('DATASET_BAD_ARCHIVE', name, `the header at byte ${at} has no size`, { offset: at });
    const start = at + BLOCK;
    if (start + size > bytes.length) throw badFile('DATASET_TRUNCATED', name, `it ends inside ${text(header, 0, 100)}`);
    const type = header[156];
    if (type === 0 || type === 0x30) files.push({ name: text(header, 0, 100), bytes: bytes.subarray(start, start + size) });
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (files.length === 0) throw badFile('DATASET_BAD_ARCHIVE', name, 'it holds no file');
  return files;
}

function text(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return String.fromCharCode(...(end < 0 ? field : field.subarray(0, end)));
}

function octal(header: Uint8Array, at: number, length: number): number | undefined {
  const digits = text(header, at, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** The sum of all bytes of a header, its own field counted as spaces. */
function checksum(header: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += header[at] as number;
  return sum;
}
