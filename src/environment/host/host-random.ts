import { randomFillSync } from 'node:crypto';
import type { Random, RandomStream } from '../environment.ts';
import { randomStream } from '../random-source.ts';

/** The system's generator. Every purpose has its own stream object; all of them draw from the same source. */
export function hostRandom(): Random {
  const words = new Uint32Array(1024);
  let used = words.length;
  const nextWord = () => {
    if (used === words.length) {
      randomFillSync(words);
      used = 0;
    }
    const word = words[used] as number;
    // A word that was handed out is forgotten: it may have become part of a key.
    words[used++] = 0;
    return word;
  };
  const streams = new Map<string, RandomStream>();
  return {
    stream: (purpose) => {
      let stream = streams.get(purpose);
      if (stream === undefined) {
        stream = randomStream(nextWord);
        streams.set(purpose, stream);
      }
      return stream;
    },
  };
}
