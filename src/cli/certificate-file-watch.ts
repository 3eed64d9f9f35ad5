import { readFileSync } from 'node:fs';
import { certificateFromJson } from '../consortium/index.ts';
import type { Logger } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import type { TreadleNode } from '../node/index.ts';
import { readText } from './load-setup.ts';

/** How often the file is looked at: a certificate that was put there is in use after two looks. */
const LOOK_MS = 2_000;

/**
 * Looks after the certificate file of a running node: when somebody puts a later certificate there, the node goes on with it
 * without a restart. What cannot be used is said once for each version of the file, and the node keeps the one that it has.
 *
 * @returns stops looking
 */
export function watchCertificateFile(
  file: string,
  parts: { readonly node: Pick<TreadleNode, 'renewCertificate'>; readonly log: Logger; readonly everyMs?: number },
): () => void {
  const { node, log, everyMs = LOOK_MS } = parts;
  // The one that the node runs with is no news, whatever is put there from now on.
  let seen = present(file);
  let latest = seen;
  let looking = false;

  async function look(): Promise<void> {
    const text = await readText(file);
    // A file that is being written is half there: what counts is what two looks in a row find.
    const settled = text === latest;
    latest = text;
    if (!settled || text === seen) return;
    seen = text;
    const certificate = certificateFromJson(text, file);
    await node.renewCertificate(certificate);
    log.info('certificate.renewed', { file, expiresAtSeconds: certificate.expiresAtSeconds });
  }

  const turn = (): void => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => {
        const reason = error instanceof TreadleError ? error.message : String(error);
        log.warn('certificate.not-renewed', { file, reason });
      })
      .finally(() => {
        looking = false;
      });
  };
  const timer = setInterval(turn, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function present(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
