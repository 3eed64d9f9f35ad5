import { concatBytes, keccak256 } from '../../../crypto/index.ts';
import { RECORD_VALUE_BYTES_MAX } from '../../../limits.ts';
import { AbiReader, bytesAnswer, bytesTail, errorData, selectorOf, topicOf, wordOf, wordOfNumber } from './abi.ts';
import { RECORDS_ADDRESS } from './addresses.ts';
import { type BuiltIn, BuiltInRevert, type Steps } from './built-in.ts';
import { anchorSlot, attestationSlot, contentSlot, slotKey, streamSlot, valueSlot } from './records-layout.ts';
import { RecordsRun } from './records-run.ts';

/** One function of the contract. */
interface Operation {
  readonly writes: boolean;
  readonly run: (run: RecordsRun, args: AbiReader) => Steps<Uint8Array>;
}

const NOTHING = new Uint8Array(0);
const WORD = 32;

const PUT = topicOf('Put(address,bytes32,bytes)');
const ANCHORED = topicOf('Anchored(address,bytes32)');
const ATTESTED = topicOf('Attested(address,address,bytes32,bytes32)');
const TELEMETRY = topicOf('Telemetry(address,bytes32,uint64,uint64,uint32,bytes32)');

// --- values --------------------------------------------------------------------------------

/** Stores `value` under the author's `key`, in place of what is there; an empty value removes it. */
function* put(run: RecordsRun, key: Uint8Array, value: Uint8Array): Steps<void> {
  run.begin();
  if (value.length > RECORD_VALUE_BYTES_MAX) {
    throw new BuiltInRevert(errorData('ValueTooLong(uint256)', wordOfNumber(value.length)));
  }
  const head = valueSlot(run.author, key);
  const before = yield* run.read(slotKey(head));
  const wordsBefore = contentWords(before);
  const words = value.length < WORD ? 0 : Math.ceil(value.length / WORD);
  run.write(slotKey(head), valueHead(value), before);
  if (Math.max(words, wordsBefore) > 0) {
    const content = contentSlot(head);
    for (let at = 0; at < words; at++) yield* run.replace(slotKey(content, at), paddedWord(value, at));
    // What a longer value has left behind.
    for (let at = words; at < wordsBefore; at++) yield* run.replace(slotKey(content, at), NOTHING);
  }
  run.log([PUT, wordOf(run.author), key], concatBytes([wordOfNumber(WORD), bytesTail(value)]));
}

/** Solidity's head of a byte string: up to 31 bytes stand in it, with twice their number; else twice the length and one. */
function valueHead(value: Uint8Array): Uint8Array {
  if (value.length >= WORD) return wordOfNumber(2 * value.length + 1);
  const head = new Uint8Array(WORD);
  head.set(value, 0);
  head[WORD - 1] = 2 * value.length;
  return head;
}

/** The length that a head tells. */
function lengthIn(head: Uint8Array): number {
  const last = head.at(-1) ?? 0;
  if ((last & 1) === 0) return last / 2;
  let length = 0;
  for (const byte of head) length = length * 256 + byte;
  return (length - 1) / 2;
}

function contentWords(head: Uint8Array): number {
  const length = lengthIn(head);
  return length < WORD ? 0 : Math.ceil(length / WORD);
}

function paddedWord(value: Uint8Array, index: number): Uint8Array {
  const word = new Uint8Array(WORD);
  word.set(value.subarray(index * WORD, (index + 1) * WORD));
  return word;
}

function* get(run: RecordsRun, author: Uint8Array, key: Uint8Array): Steps<Uint8Array> {
  const head = valueSlot(author, key);
  const word = yield* run.read(slotKey(head));
  const length = lengthIn(word);
  if (length < WORD) return bytesAnswer(wordOf(word).subarray(0, length));
  const content = contentSlot(head);
  const value = new Uint8Array(length);
  for (let at = 0; at * WORD < length; at++) {
    const part = wordOf(yield* run.read(slotKey(content, at)));
    value.set(part.subarray(0, Math.min(WORD, length - at * WORD)), at * WORD);
  }
  return bytesAnswer(value);
}

// --- anchors and attestations ----------------------------------------------------------------

/** Author (20 bytes), seconds (5), block number (7) in one slot, as Solidity packs them: the first field lowest. */
function packAnchor(run: RecordsRun): Uint8Array {
  const slot = new Uint8Array(WORD);
  const view = new DataView(slot.buffer);
  view.setBigUint64(0, (run.place.blockNumber << 8n) | ((run.place.timestampSeconds >> 32n) & 0xffn));
  view.setUint32(8, Number(run.place.timestampSeconds & 0xffff_ffffn));
  slot.set(run.author, 12);
  return slot;
}

/** abi.encode(uint64 seconds, uint64 blockNumber); zeros when there is no such anchor. */
function anchorAnswer(stored: Uint8Array): Uint8Array {
  const slot = wordOf(stored);
  const view = new DataView(slot.buffer, slot.byteOffset);
  const first = view.getBigUint64(0);
  const seconds = ((first & 0xffn) << 32n) | BigInt(view.getUint32(8));
  return concatBytes([wordOfNumber(seconds), wordOfNumber(first >> 8n)]);
}

/** The first time stands: an author who anchors a digest again changes nothing and says nothing. */
function* anchor(run: RecordsRun, digest: Uint8Array): Steps<void> {
  run.begin();
  const slot = slotKey(anchorSlot(run.author, digest));
  const present = yield* run.read(slot);
  if (present.length > 0) return;
  run.write(slot, packAnchor(run), present);
  run.log([ANCHORED, wordOf(run.author), digest], NOTHING);
}

interface Attestation {
  readonly subject: Uint8Array;
  readonly digest: Uint8Array;
  readonly kind: Uint8Array;
}

function attestationId(author: Uint8Array, { subject, digest, kind }: Attestation): Uint8Array {
  return keccak256(concatBytes([wordOf(author), wordOf(subject), digest, kind]));
}

/** The first time stands, as for an anchor. */
function* attest(run: RecordsRun, attestation: Attestation): Steps<void> {
  run.begin();
  const slot = slotKey(attestationSlot(attestationId(run.author, attestation)));
  const present = yield* run.read(slot);
  if (present.length > 0) return;
  run.write(slot, packAnchor(run), present);
  const { subject, digest, kind } = attestation;
  run.log([ATTESTED, wordOf(run.author), wordOf(subject), digest], kind);
}

function attestationAt(args: AbiReader, position = 0): Attestation {
  return { subject: args.address(position), digest: args.word(position + WORD), kind: args.word(position + 2 * WORD) };
}

// --- telemetry -------------------------------------------------------------------------------

interface Segment {
  readonly stream: Uint8Array;
  readonly fromMs: bigint;
  readonly toMs: bigint;
  readonly count: number;
  readonly root: Uint8Array;
}

const SEGMENT_WORDS = 5;

function segmentAt(args: AbiReader, position = 0): Segment {
  return {
    stream: args.word(position),
    fromMs: args.uint64(position + WORD),
    toMs: args.uint64(position + 2 * WORD),
    count: args.uint32(position + 3 * WORD),
    root: args.word(position + 4 * WORD),
  };
}

/**
 * Adds a segment to the author's stream: it must not begin before the last one ended. The stream's head chains the
 * segments: keccak256(abi.encode(head, fromMs, toMs, count, root)).
 */
function* telemetry(run: RecordsRun, segment: Segment): Steps<void> {
  run.begin();
  const { stream, fromMs, toMs, count, root } = segment;
  if (count === 0 || toMs < fromMs) throw new BuiltInRevert(errorData('BadSegment()'));
  const slot = streamSlot(run.author, stream);
  const before = yield* run.read(slotKey(slot));
  const totals = new DataView(wordOf(before).slice().buffer);
  const endMs = totals.getBigUint64(16);
  const isFirst = before.length === 0;
  if (!isFirst && fromMs < endMs) throw new BuiltInRevert(errorData('OutOfOrder(uint64)', wordOfNumber(endMs)));
  if (isFirst) totals.setBigUint64(24, fromMs);
  totals.setBigUint64(16, toMs);
  totals.setBigUint64(8, totals.getBigUint64(8) + BigInt(count));
  totals.setBigUint64(0, totals.getBigUint64(0) + 1n);
  run.write(slotKey(slot), new Uint8Array(totals.buffer), before);
  const head = yield* run.read(slotKey(slot, 1));
  const facts = concatBytes([wordOfNumber(fromMs), wordOfNumber(toMs), wordOfNumber(count), root]);
  run.write(slotKey(slot, 1), keccak256(concatBytes([wordOf(head), facts])), head);
  run.log([TELEMETRY, wordOf(run.author), stream], facts);
}

/** abi.encode(uint64 fromMs, uint64 toMs, uint64 count, uint64 segments, bytes32 head). */
function* streamAnswer(run: RecordsRun, author: Uint8Array, stream: Uint8Array): Steps<Uint8Array> {
  const slot = streamSlot(author, stream);
  const totals = wordOf(yield* run.read(slotKey(slot)));
  const head = wordOf(yield* run.read(slotKey(slot, 1)));
  const field = (at: number): Uint8Array => wordOf(totals.subarray(at, at + 8));
  return concatBytes([field(24), field(16), field(8), field(0), head]);
}

// --- the contract ----------------------------------------------------------------------------

function writer(run: (run: RecordsRun, args: AbiReader) => Steps<void>): Operation {
  return {
    writes: true,
    *run(records, args) {
      yield* run(records, args);
      return NOTHING;
    },
  };
}

/** Runs `record` for each item of the list that is the only argument. */
function batch(itemWords: number, record: (run: RecordsRun, items: AbiReader, position: number) => Steps<void>): Operation {
  return writer(function* (run, args) {
    const { length, items } = args.list(0, itemWords);
    // Each record is charged before it does anything, so gas bounds the loop.
    for (let at = 0; at < length; at++) yield* record(run, items, at * itemWords * WORD);
  });
}

function reader(run: Operation['run']): Operation {
  return { writes: false, run };
}

const OPERATIONS: ReadonlyMap<number, Operation> = new Map([
  [selectorOf('put(bytes32,bytes)'), writer((run, args) => put(run, args.word(0), args.bytes(WORD)))],
  [
    selectorOf('putMany((bytes32,bytes)[])'),
    batch(1, (run, items, position) => {
      const entry = items.tuple(position);
      return put(run, entry.word(0), entry.bytes(WORD));
    }),
  ],
  [selectorOf('anchor(bytes32)'), writer((run, args) => anchor(run, args.word(0)))],
  [selectorOf('anchorMany(bytes32[])'), batch(1, (run, items, position) => anchor(run, items.word(position)))],
  [selectorOf('attest(address,bytes32,bytes32)'), writer((run, args) => attest(run, attestationAt(args)))],
  [
    selectorOf('attestMany((address,bytes32,bytes32)[])'),
    batch(3, (run, items, position) => attest(run, attestationAt(items, position))),
  ],
  [selectorOf('telemetry(bytes32,uint64,uint64,uint32,bytes32)'), writer((run, args) => telemetry(run, segmentAt(args)))],
  [
    selectorOf('telemetryMany((bytes32,uint64,uint64,uint32,bytes32)[])'),
    batch(SEGMENT_WORDS, (run, items, position) => telemetry(run, segmentAt(items, position))),
  ],
  [selectorOf('get(address,bytes32)'), reader((run, args) => get(run, args.address(0), args.word(WORD)))],
  [
    selectorOf('anchoredAt(address,bytes32)'),
    reader(function* (run, args) {
      return anchorAnswer(yield* run.read(slotKey(anchorSlot(args.address(0), args.word(WORD)))));
    }),
  ],
  [
    selectorOf('attestedAt(address,address,bytes32,bytes32)'),
    reader(function* (run, args) {
      const id = attestationId(args.address(0), attestationAt(args, WORD));
      return anchorAnswer(yield* run.read(slotKey(attestationSlot(id))));
    }),
  ],
  [selectorOf('streamOf(address,bytes32)'), reader((run, args) => streamAnswer(run, args.address(0), args.word(WORD)))],
]);

/** The built-in contract that keeps records; `docs/reference/records.md` and `contracts/src/IRecords.sol` describe it. */
export const records: BuiltIn = {
  address: RECORDS_ADDRESS,
  needsAccount: true,
  *run(call, place, meter) {
    const run = new RecordsRun(call, place, meter);
    const { data } = call;
    const operation = data.length < 4 ? undefined : OPERATIONS.get(new DataView(data.buffer, data.byteOffset).getUint32(0));
    if (operation === undefined || call.value !== 0n) throw new BuiltInRevert();
    if (call.isDelegated) throw new BuiltInRevert(errorData('NotItself()'));
    if (operation.writes && call.isStatic) throw new BuiltInRevert(errorData('ReadOnly()'));
    return run.output(yield* operation.run(run, new AbiReader(data, 4)));
  },
};
