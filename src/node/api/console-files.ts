import type { HttpResponse } from '../../environment/index.ts';

/** A file of the built console. */
export interface ConsoleFile {
  readonly body: Uint8Array;
  readonly mediaType: string;
}

/** Reads a file of the console ("/index.html"); undefined when there is none. The reader keeps the path inside its folder. */
export type ConsoleFiles = (path: string) => Promise<ConsoleFile | undefined>;

/**
 * Nothing from elsewhere, nothing inline: a name that a stranger registered cannot become a script. Compiling WebAssembly is
 * allowed, which the hashes of the verifier are made of; text never becomes a script by it.
 */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

/** Serves a file of the console; a path of one of its pages gets the page that then shows it. */
export async function serveConsole(files: ConsoleFiles, path: string): Promise<HttpResponse | undefined> {
  if (path.includes('..') || path.includes('\\') || path.includes('\0')) return undefined;
  const lastPart = path.slice(path.lastIndexOf('/') + 1);
  const named = lastPart.includes('.') ? await files(path) : undefined;
  if (named !== undefined) return fileResponse(named, path);
  // A missing asset must not be answered with a page, which a browser would then run as a script.
  if (path.startsWith('/assets/') || /\.(js|css|svg|png|ico|map|json|txt)$/.test(lastPart)) return undefined;
  const index = await files('/index.html');
  return index === undefined ? undefined : fileResponse(index, '/index.html');
}

function fileResponse(file: ConsoleFile, path: string): HttpResponse {
  // Assets carry a hash of their content in their name; everything else is asked for again.
  const cache = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  return { status: 200, headers: { ...PAGE_HEADERS, 'content-type': file.mediaType, 'cache-control': cache }, body: file.body };
}
