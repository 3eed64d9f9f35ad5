import { keccak256, toHex } from '../../crypto/index.ts';
import { invariant } from '../../errors.ts';
import { NODE_BYTES_CHUNK } from '../../limits.ts';
import { BytePacker } from '../byte-packer.ts';
import { compactPath, expandPath } from './nibbles.ts';

/** The end of a path. */
export interface LeafNode {
  readonly type: 'leaf';
  readonly path: Uint8Array;
  readonly value: Uint8Array;
}

/** A stretch of path that all keys below share. */
export interface ExtensionNode {
  readonly type: 'extension';
  readonly path: Uint8Array;
  readonly child: ChildNode;
}

/** Where paths part. Keys are hashes, all of one length, so none ends here. */
export interface BranchNode {
  readonly type: 'branch';
  /** The encoded node that this one was read from; empty for a new one. */
  readonly source: Uint8Array;
  /** A number is where the child stands in `source`: of most branches one child changes, the others are copied as they are. */
  readonly children: (ChildNode | number | undefined)[];
}

export type MemoryNode = LeafNode | ExtensionNode | BranchNode;
/** A node in memory, or the hash of one in the store. */
export type ChildNode = MemoryNode | Uint8Array;

/** New nodes by their hash, 64 hex digits. */
export type NewNodes = Map<string, Uint8Array>;

// The nodes of a block live and go together.
const packer = new BytePacker(NODE_BYTES_CHUNK);

const HASH_BYTES = 32;
const EMPTY_STRING = 0x80;
const HASH_PREFIX = 0xa0;
const LIST = 0xc0;

/**
 * Reads a node of the own state. It was encoded here and is found by its hash, so its form is not checked again; what
 * comes from peers is read by `stepThrough`.
 */
export function decodeNode(rlp: Uint8Array): MemoryNode {
  return nodeAt(rlp, 0);
}

function nodeAt(rlp: Uint8Array, at: number): MemoryNode {
  const from = contentAt(rlp, at);
  const end = itemEnd(rlp, at);
  const second = itemEnd(rlp, from);
  if (itemEnd(rlp, second) !== end) return { type: 'branch', source: rlp, children: childrenAt(rlp, from) };
  const compact = expandPath(rlp.subarray(contentAt(rlp, from), second));
  invariant(compact !== undefined, 'a node of the state has a valid path');
  if (compact.leaf) return { type: 'leaf', path: compact.path, value: rlp.subarray(contentAt(rlp, second), end) };
  const child = childAt(rlp, second);
  invariant(child !== undefined, 'an extension leads somewhere');
  return { type: 'extension', path: compact.path, child };
}

function childrenAt(rlp: Uint8Array, from: number): (number | undefined)[] {
  const children: (number | undefined)[] = new Array(16);
  for (let index = 0, at = from; index < 16; index++) {
    children[index] = rlp[at] === EMPTY_STRING ? undefined : at;
    at = itemEnd(rlp, at);
  }
  return children;
}

/** The child of a branch at this nibble. */
export function childOf({ source, children }: BranchNode, nibble: number): ChildNode | undefined {
  const child = children[nibble];
  return typeof child === 'number' ? childAt(source, child) : child;
}

function childAt(rlp: Uint8Array, at: number): ChildNode | undefined {
  const first = rlp[at] as number;
  if (first === EMPTY_STRING) return undefined;
  return first === HASH_PREFIX ? rlp.subarray(at + 1, at + 1 + HASH_BYTES) : nodeAt(rlp, at);
}

/** Where the content of the item at `at` begins; for a single byte below 0x80 the item itself. */
export function contentAt(rlp: Uint8Array, at: number): number {
  const first = rlp[at] as number;
  if (first < EMPTY_STRING) return at;
  if (first <= 0xb7) return at + 1;
  if (first < LIST) return at + 1 + first - 0xb7;
  return first <= 0xf7 ? at + 1 : at + 1 + first - 0xf7;
}

/** Where the item after the one at `at` begins. */
export function itemEnd(rlp: Uint8Array, at: number): number {
  const first = rlp[at] as number;
  if (first < EMPTY_STRING) return at + 1;
  if (first <= 0xb7) return at + 1 + first - EMPTY_STRING;
  if (first >= LIST && first <= 0xf7) return at + 1 + first - LIST;
  const lengthBytes = first < LIST ? first - 0xb7 : first - 0xf7;
  let length = 0;
  for (let offset = 1; offset <= lengthBytes; offset++) length = length * 256 + (rlp[at + offset] as number);
  return at + 1 + lengthBytes + length;
}

/** Where nodes are put; undefined when only the root is wanted. */
type Sink = NewNodes | undefined;

/** Encodes and hashes a trie in memory from its root down; what is larger than a hash goes into `nodes`. */
export function storeRoot(root: MemoryNode, nodes: Sink): Uint8Array {
  return hashed(encodeNode(root, nodes), nodes);
}

function hashed(rlp: Uint8Array, nodes: Sink): Uint8Array {
  const hash = keccak256(rlp);
  if (nodes === undefined) packer.giveBack(rlp);
  else nodes.set(toHex(hash).slice(2), rlp);
  return hash;
}

function encodeNode(node: MemoryNode, nodes: Sink): Uint8Array {
  if (node.type === 'leaf') return encodePair(compactPath(node.path, true), { bytes: node.value, isItem: false });
  if (node.type === 'extension') return encodePair(compactPath(node.path, false), referenceTo(node.child, nodes));
  return encodeBranch(node, nodes);
}

/** The most frequent node by far: it is written without an object per child. */
function encodeBranch({ source, children }: BranchNode, nodes: Sink): Uint8Array {
  const references: (Uint8Array | undefined)[] = new Array(16);
  let embedded = 0;
  // The value of a branch is always empty here.
  let length = 1;
  for (let nibble = 0; nibble < 16; nibble++) {
    const child = children[nibble];
    if (child === undefined) length += 1;
    else if (typeof child === 'number') length += itemEnd(source, child) - child;
    else if (child instanceof Uint8Array) {
      references[nibble] = child;
      length += 1 + HASH_BYTES;
    } else {
      const { bytes, isItem } = referenceTo(child, nodes);
      references[nibble] = bytes;
      if (isItem) embedded |= 1 << nibble;
      length += isItem ? bytes.length : 1 + HASH_BYTES;
    }
  }
  const rlp = packer.take(headerBytes(length) + length);
  let at = writeHeader(rlp, 0, { base: LIST, length });
  for (let nibble = 0; nibble < 16; nibble++) {
    const child = children[nibble];
    const bytes = references[nibble];
    if (child === undefined) rlp[at++] = EMPTY_STRING;
    else if (bytes === undefined) at = copyItem(rlp, at, { source, from: child as number });
    else {
      if (((embedded >> nibble) & 1) === 0) rlp[at++] = HASH_PREFIX;
      rlp.set(bytes, at);
      at += bytes.length;
    }
  }
  rlp[at] = EMPTY_STRING;
  return rlp;
}

function copyItem(rlp: Uint8Array, to: number, { source, from }: { readonly source: Uint8Array; readonly from: number }): number {
  const end = itemEnd(source, from);
  let at = to;
  for (let read = from; read < end; read++) rlp[at++] = source[read] as number;
  return at;
}

/** Bytes that stand for a string, or that are an encoded item already. */
interface Reference {
  readonly bytes: Uint8Array;
  readonly isItem: boolean;
}

/** A node below 32 bytes stands in its parent itself, a larger one by its hash. */
function referenceTo(child: ChildNode, nodes: Sink): Reference {
  if (child instanceof Uint8Array) return { bytes: child, isItem: false };
  const rlp = encodeNode(child, nodes);
  if (rlp.length < HASH_BYTES) return { bytes: rlp, isItem: true };
  return { bytes: hashed(rlp, nodes), isItem: false };
}

function encodePair(path: Uint8Array, second: Reference): Uint8Array {
  const length = stringBytes(path) + (second.isItem ? second.bytes.length : stringBytes(second.bytes));
  const rlp = packer.take(headerBytes(length) + length);
  const at = writeItem(rlp, writeHeader(rlp, 0, { base: LIST, length }), { bytes: path, isItem: false });
  writeItem(rlp, at, second);
  return rlp;
}

function stringBytes(bytes: Uint8Array): number {
  return bytes.length === 1 && (bytes[0] as number) < EMPTY_STRING ? 1 : headerBytes(bytes.length) + bytes.length;
}

function headerBytes(length: number): number {
  return length < 56 ? 1 : length < 256 ? 2 : length < 65_536 ? 3 : 4;
}

function writeItem(rlp: Uint8Array, at: number, { bytes, isItem }: Reference): number {
  const isOwnEncoding = isItem || (bytes.length === 1 && (bytes[0] as number) < EMPTY_STRING);
  const from = isOwnEncoding ? at : writeHeader(rlp, at, { base: EMPTY_STRING, length: bytes.length });
  rlp.set(bytes, from);
  return from + bytes.length;
}

/** Writes the header of a string or a list and returns where its content begins. */
function writeHeader(rlp: Uint8Array, at: number, { base, length }: { readonly base: number; readonly length: number }): number {
  const bytes = headerBytes(length);
  if (bytes === 1) {
    rlp[at] = base + length;
    return at + 1;
  }
  rlp[at] = base + 55 + bytes - 1;
  for (let offset = 1; offset < bytes; offset++) rlp[at + offset] = (length >>> (8 * (bytes - 1 - offset))) & 255;
  return at + bytes;
}
