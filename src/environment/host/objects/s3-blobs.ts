import { createHash } from 'node:crypto';
import { contentAddressed } from '../../content-addressed.ts';
import type { Blobs, Logger, Metrics } from '../../environment.ts';
import { type S3Options, s3Objects } from './s3-objects.ts';

export interface BlobService extends S3Options {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Blobs addressed by their SHA-256 in a bucket, each checked against its hash when it is read: the bucket need not be trusted. */
export function s3Blobs({ log, metrics, ...bucket }: BlobService): Blobs {
  const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
  return contentAddressed({ objects: s3Objects(bucket), hashOf, log, metrics });
}
