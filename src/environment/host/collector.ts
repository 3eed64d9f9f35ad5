import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { BUFFERS_CROWDED_BYTES, BUFFERS_LOOK_MICROS } from '../../limits.ts';

/*
 * Bodies pass through memory outside of V8's heap: what comes from a socket, is decrypted, joined and hashed lies in array
 * buffers. Left to itself V8 starts to mark its whole heap whenever 64 MB of them were made since it last did, which at 10 MB of
 * bodies a second is several times a second, and takes more than a third of a sealer's processor time, although nearly all of
 * these buffers die young.
 */

/** The young buffers are looked through (which is cheap) after 32 MB of them instead of 128 MB: that bounds what lies around dead. */
const YOUNG_BUFFERS = '--scavenger-max-new-space-capacity-mb=8';
/**
 * The heap is marked when it has grown by 60 % since the last time. V8's own choice goes by the machine's memory: several hundred
 * megabytes of dead transactions and state nodes more, for 4 % less processor time.
 */
const GROWTH = '--heap-growing-percent=60';
/** The bytes of buffers count like those of the heap, which is marked when both together have grown by a share. */
const COUNTED_TOGETHER = '--external-memory-accounted-in-global-limit';
/** V8's own way: the heap is marked for every 64 MB of buffers. */
const COUNTED_APART = '--no-external-memory-accounted-in-global-limit';

let suited = false;

/**
 * Suits V8's garbage collector to a process that moves bodies, once per process. Memory goes before speed: while there is more
 * than BUFFERS_CROWDED_BYTES in buffers, dead ones included, V8 collects them its own way.
 */
export function suitCollector(): void {
  if (suited) return;
  suited = true;
  setFlagsFromString(YOUNG_BUFFERS);
  setFlagsFromString(GROWTH);
  setFlagsFromString(COUNTED_TOGETHER);
  let wasCrowded = false;
  const look = (): void => {
    const crowded = getHeapStatistics().external_memory > BUFFERS_CROWDED_BYTES;
    if (crowded === wasCrowded) return;
    wasCrowded = crowded;
    setFlagsFromString(crowded ? COUNTED_APART : COUNTED_TOGETHER);
  };
  setInterval(look, BUFFERS_LOOK_MICROS / 1000).unref();
}
