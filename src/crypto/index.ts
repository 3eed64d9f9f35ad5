/** Level 1: keys, signatures, hashes, encodings. Owns no protocol: what is signed is its caller's business. */
export * from './hash.ts';
export * from './hex.ts';
export * from './key.ts';
export * from './rlp.ts';
export * from './signature.ts';
