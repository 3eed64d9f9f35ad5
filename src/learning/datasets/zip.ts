import { DATASET_ARCHIVE_ENTRIES_MAX, DATASET_FILE_BYTES_MAX } from '../../limits.ts';
import { badFile, type DataFile } from './byte-source.ts';
import './errors.ts';
import { inflate } from './gzip.ts';

const END_BYTES = 22;
const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * The files of a zip archive whose names are wanted, unpacked and checked against their CRC-32 (stored or deflated, as
 * all common programs write them; no encryption, no zip64).
 *
 * @throws TreadleError DATASET_BAD_ARCHIVE | DATASET_TRUNCATED | DATASET_TOO_LARGE
 */
export async function readZip(archive: DataFile, wanted: (name: string) => boolean): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const entry of entriesOf(archive)) {
    if (!entry.name.endsWith('/') && wanted(entry.name)) files.push(await unpack(archive, entry));
  }
  return files;
}

function entriesOf({ name, bytes }: DataFile): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === undefined) throw badFile('DATASET_BAD_ARCHIVE', name, 'it is no zip archive, or its end is missing');
  const count = view.getUint16(end + 10, true);
  if (count > DATASET_ARCHIVE_ENTRIES_MAX)
    throw badFile('DATASET_TOO_LARGE', name, `it holds more than ${DATASET_ARCHIVE_ENTRIES_MAX} files`);
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count; index++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== ENTRY_SIGNATURE)
      throw badFile('DATASET_BAD_ARCHIVE', name, `its list of files is damaged at entry ${index}`);
    const nameLength = view.getUint16(at + 28, true);
    const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > bytes.length) throw badFile('DATASET_TRUNCATED', name, `its list of files ends inside entry ${index}`);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
}

/** The end record stands behind everything else, but for a comment of up to 64 KB. */
function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_BYTES - 0xffff);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  }
  return undefined;
}

async function unpack(archive: DataFile, entry: Entry): Promise<DataFile> {
  const { bytes } = archive;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = `${archive.name}/${entry.name}`;
  if (entry.offset + 30 > bytes.length || view.getUint32(entry.offset, true) !== LOCAL_SIGNATURE)
    throw badFile('DATASET_BAD_ARCHIVE', name, 'the list of files names a place where it is not');
  if (entry.size > DATASET_FILE_BYTES_MAX)
    throw badFile('DATASET_TOO_LARGE', name, `it unpacks to ${entry.size} bytes`, { limitBytes: DATASET_FILE_BYTES_MAX });
  const start = entry.offset + 30 + view.getUint16(entry.offset + 26, true) + view.getUint16(entry.offset + 28, true);
  if (start + entry.packedSize > bytes.length) throw badFile('DATASET_TRUNCATED', name, 'the archive ends inside it');
  const packed = bytes.subarray(start, start + entry.packedSize);
  if (entry.method !== 0 && entry.method !== 8)
    throw badFile('DATASET_BAD_ARCHIVE', name, `it is packed by method ${entry.method}, which is not read here`);
  const content = entry.method === 0 ? packed : await inflate({ name, bytes: packed }, 'deflate-raw', entry.size);
  if (content.length !== entry.size || crc32(content) !== entry.checksum)
    throw badFile('DATASET_BAD_ARCHIVE', name, 'it is damaged: its checksum is another');
  return { name, bytes: content };
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 as zip and gzip use it (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 0xff] as number);
  return (sum ^ 0xffffffff) >>> 0;
}
