import { z } from 'zod';
import { fromHex, keyFrom, type NodeKey, toHex } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { type ConfigText, readConfig } from './config-reader.ts';
import { address, bytes32 } from './fields.ts';

/** Only the owner may read a key file. */
export const KEY_FILE_MODE = 0o600;

const keyFileSchema = z.strictObject({ privateKey: bytes32, address });

/** The text of `key.json`. The address stands beside the key for people, and so that a damaged file is noticed. */
export function keyToJson(key: NodeKey): string {
  return `${JSON.stringify({ privateKey: toHex(key.privateKey), address: key.address }, null, 2)}\n`;
}

/**
 * Reads a key file. No error repeats any part of the secret.
 *
 * @throws {@link TreadleError} CONFIG_NOT_JSON | CONFIG_UNKNOWN_KEY | CONFIG_INVALID | CONFIG_KEY_MISMATCH
 */
export function readKeyFile(config: ConfigText): NodeKey {
  const file = readConfig(keyFileSchema, withoutEcho(config));
  let key: NodeKey;
  try {
    key = keyFrom(fromHex(file.privateKey));
  } catch {
    throw new TreadleError('CONFIG_INVALID', { detail: `${config.file}: "privateKey" is not a secp256k1 key` });
  }
  if (key.address !== file.address) {
    throw new TreadleError('CONFIG_KEY_MISMATCH', {
      detail: `${config.file}: the key is that of ${key.address}, not of ${file.address}`,
    });
  }
  return key;
}

/** JSON.parse quotes the text around a mistake in its message: here that text may be the key. */
function withoutEcho(config: ConfigText): ConfigText {
  try {
    JSON.parse(config.text);
    return config;
  } catch {
    throw new TreadleError('CONFIG_NOT_JSON', { detail: `${config.file} is not JSON` });
  }
}
