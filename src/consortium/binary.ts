/**
 * The byte layout of the records that nodes exchange before they know each other: fixed-width big-endian numbers
 * and byte strings after their length, no nesting, so that reading costs no more than the length of the input and
 * every record has exactly one encoding.
 */

/** Raised by {@link BinaryReader}; the codec that reads turns it into its own error code. */
export class MalformedRecord extends Error {}

export class BinaryWriter {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  /** A number of `width` bytes (1..8); throws RangeError when it does not fit. */
  number(value: number, width: number): this {
    if (!Number.isSafeInteger(value) || value < 0 || (width < 7 && value >= 2 ** (8 * width))) {
      throw new RangeError(`${value} does not fit in ${width} bytes`);
    }
    const bytes = new Uint8Array(width);
    let rest = value;
    for (let at = width - 1; at >= 0; at--) {
      bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return this.fixed(bytes);
  }

  /** Bytes whose length the reader knows. */
  fixed(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  /** Bytes after their length (2 bytes). */
  bytes(bytes: Uint8Array): this {
    return this.number(bytes.length, 2).fixed(bytes);
  }

  text(text: string): this {
    return this.bytes(encoder.encode(text));
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

export class BinaryReader {
  private readonly input: Uint8Array;
  private at = 0;

  constructor(input: Uint8Array) {
    this.input = input;
  }

  number(width: number): number {
    const start = this.take(width);
    let value = 0;
    for (let at = start; at < start + width; at++) value = value * 256 + (this.input[at] as number);
    if (!Number.isSafeInteger(value)) throw new MalformedRecord('a number is too large');
    return value;
  }

  /** A copy of the next `length` bytes. */
  fixed(length: number): Uint8Array {
    const start = this.take(length);
    return this.input.slice(start, start + length);
  }

  bytes(lengthMax: number): Uint8Array {
    return this.view(lengthMax).slice();
  }

  /** As {@link bytes}, but a part of the input itself and no copy. */
  view(lengthMax: number): Uint8Array {
    const length = this.number(2);
    if (length > lengthMax) throw new MalformedRecord(`a field of ${length} bytes, at most ${lengthMax} are allowed`);
    const start = this.take(length);
    return this.input.subarray(start, start + length);
  }

  text(bytesMax: number): string {
    const bytes = this.bytes(bytesMax);
    try {
      return decoder.decode(bytes);
    } catch {
      throw new MalformedRecord('a text is not UTF-8');
    }
  }

  /** Steps over the next bytes; returns where they begin. */
  private take(length: number): number {
    const start = this.at;
    if (start + length > this.input.length) throw new MalformedRecord('the record ends too early');
    this.at = start + length;
    return start;
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.at !== this.input.length) throw new MalformedRecord(`${this.input.length - this.at} bytes too many`);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
