import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { KEY_FILE_MODE, keyToJson } from '../../consortium/index.ts';
import { drawKey } from '../../crypto/index.ts';
import { TreadleError } from '../../errors.ts';
import { createOutput } from '../output.ts';

export interface KeyOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** `treadle key`: draws a key and writes it where nobody else can read it. The secret is never printed. */
export async function key(options: KeyOptions): Promise<void> {
  const out = createOutput(options.json === true);
  const drawn = drawKey((length) => randomBytes(length));
  try {
    await writeFile(options.out, keyToJson(drawn), { mode: KEY_FILE_MODE, flag: 'wx' });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') {
      throw new TreadleError('CLI_FILE_EXISTS', { detail: `${options.out} is there already and was not touched`, cause });
    }
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${options.out} cannot be written (${code})`, cause });
  }
  out.line(`${drawn.address}  (its key is in ${options.out}: keep it secret, and a copy in a safe place)`);
  out.result({ address: drawn.address, file: options.out });
}
