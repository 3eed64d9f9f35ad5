/** Level 1: keys, signatures, hashes, encodings. Owns no protocol: what is signed is its caller's business. */
export * from './bls.ts';
export * from './bls-curve.ts';
export * from './bls-key.ts';
export * from './bls-key-of-node.ts';
export { lendBlsCurve } from './bls-lent.ts';
export * from './bls-points.ts';
export * from './bls-possession.ts';
export * from './errors.ts';
export * from './hash.ts';
export * from './hex.ts';
export * from './key.ts';
export * from './rlp.ts';
export * from './rlp-reader.ts';
export * from './signature.ts';
export * from './vrf.ts';
