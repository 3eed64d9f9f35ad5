import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Address, toHex } from '../crypto/index.ts';
import type { Reading } from '../environment/index.ts';
import {
  EMPTY_EDGE,
  encodeReading,
  formatBundle,
  formatCheckpoint,
  growTree,
  headAfter,
  makeBundle,
  NO_HEAD,
  parseBundle,
  streamOfOrigin,
  streamSlots,
  verifyBundle,
} from './index.ts';
import { memoryObjects } from './testing/memory-objects.ts';
import { leafHash } from './tree-hash.ts';

const page = readFileSync(new URL('../../docs/reference/telemetry.md', import.meta.url), 'utf8');

const ORIGIN = 'plant-7.example/press';
const AUTHOR: Address = `0x${'11'.repeat(20)}`;
const READINGS: readonly Reading[] = [
  { twin: 'press-1', metric: 'temperature', timeMs: 1_700_000_000_000, value: 21.5 },
  { twin: 'press-1', metric: 'state', timeMs: 1_700_000_000_000, value: 'läuft' },
  { twin: 'press-2', metric: 'temperature', timeMs: 1_700_000_001_000, value: -3 },
];
const entries = READINGS.map((reading, at) =>
  encodeReading({ reading, salt: Uint8Array.from({ length: 16 }, (_, byte) => 16 * at + byte) }),
);
const two = growTree(EMPTY_EDGE, entries.slice(0, 2));
const three = growTree(EMPTY_EDGE, entries);
const checkpoints = [
  formatCheckpoint({ origin: ORIGIN, size: 2, root: two.root }),
  formatCheckpoint({ origin: ORIGIN, size: 3, root: three.root }),
] as const;

function worked(): string {
  const lines = READINGS.flatMap(({ twin, metric, timeMs, value }, at) => {
    const entry = entries[at] as Uint8Array;
    return [
      `reading ${at}  ${twin} ${metric} ${timeMs} ${JSON.stringify(value)}`,
      `  entry    ${toHex(entry)}`,
      `  leaf     ${toHex(leafHash(entry))}`,
    ];
  });
  const roots = [two, three].map(({ root }, at) => `root of ${at + 2}  ${toHex(root)}`);
  return [...lines, ...roots, 'checkpoint of 3:', (checkpoints[1] as string).trimEnd()].join('\n');
}

async function bundle(): Promise<string> {
  const objects = memoryObjects();
  await objects.put(three.objects);
  await objects.put(new Map([['checkpoint', new TextEncoder().encode(checkpoints[1])]]));
  return formatBundle(await makeBundle(objects, { index: 1, older: checkpoints[0] })).trimEnd();
}

function onLedger(): string {
  const stream = streamOfOrigin(ORIGIN);
  const first = { previous: NO_HEAD, fromMs: 1_700_000_000_500, toMs: 1_700_000_000_501, count: 2, root: toHex(two.root) };
  const head = headAfter(first);
  const second = { previous: head, fromMs: first.toMs, toMs: 1_700_000_060_501, count: 1, root: toHex(three.root) };
  const slots = streamSlots(AUTHOR, stream);
  return [
    `stream              ${stream}`,
    `head after 2        ${head}`,
    `head after 3        ${headAfter(second)}`,
    `author              ${AUTHOR}`,
    `slot of the totals  ${slots.totals}`,
    `slot of the head    ${slots.head}`,
  ].join('\n');
}

it('the worked example of the reference is what this code does', async () => {
  expect(page).toContain(`\`\`\`\n${worked()}\n\`\`\``);
  expect(page).toContain(`\`\`\`json\n${await bundle()}\n\`\`\``);
  expect(page).toContain(`\`\`\`\n${onLedger()}\n\`\`\``);
});

it('the bundle of the reference proves its reading', () => {
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const read = parseBundle(text);
  expect(read.reading).toEqual(READINGS[1]);
  expect(verifyBundle(read, { older: checkpoints[0] })).toEqual({
    origin: ORIGIN,
    index: 1,
    leaf: toHex(leafHash(entries[1] as Uint8Array)),
    size: 3,
    root: toHex(three.root),
    continues: 2,
  });
});
