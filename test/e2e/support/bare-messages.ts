// The messages of a connection, written down a second time: whoever attacks does not use our encoder.

const TYPE = { frame: 0, hello: 4, verdict: 5 } as const;
const encoder = new TextEncoder();

function message(type: keyof typeof TYPE, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const out = Buffer.alloc(5 + body.length);
  out.writeUInt32BE(1 + body.length, 0);
  out[4] = TYPE[type];
  body.copy(out, 5);
  return Uint8Array.from(out);
}

function named(protocol: string): Uint8Array {
  const name = encoder.encode(protocol);
  return Uint8Array.of(name.length, ...name);
}

export const bareHello = (hello: Uint8Array): Uint8Array => message('hello', hello);
/** "I let you in." */
export const bareAdmission = (): Uint8Array => message('verdict', [0]);
export const bareFrame = (protocol: string, body: Uint8Array): Uint8Array => message('frame', named(protocol), body);
/** A message of a type that does not exist. */
export const NONSENSE = Uint8Array.of(0, 0, 0, 2, 0xee, 0xee);
/** The beginning of a message of 4 GB. */
export const ENDLESS = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
