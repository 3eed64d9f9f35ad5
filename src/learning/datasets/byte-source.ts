import { TreadleError } from '../../errors.ts';

/** A file that was read: its name is for messages. */
export interface DataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is wrong with a file, with its name in front. */
export function badFile(code: string, file: string, detail: string, data: Readonly<Record<string, unknown>> = {}): TreadleError {
  return new TreadleError(code, { detail: `${file}: ${detail}`, data: { file, ...data } });
}

/** The characters of a text file. @throws TreadleError DATASET_BAD_TEXT when it is not UTF-8 */
export function readText({ name, bytes }: DataFile): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TreadleError('DATASET_BAD_TEXT', { detail: `${name}: it is not a text file`, data: { file: name }, cause });
  }
}
