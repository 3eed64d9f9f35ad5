import { describe, expect, it } from 'vitest';
import { renderArtifacts, staleArtifacts } from '../../scripts/build-contracts.ts';
import {
  CONSORTIUM_ADDRESS,
  consortiumArtifact,
  dataFeedArtifact,
  EDGE_REGISTRY_ADDRESS,
  edgeRegistryArtifact,
  FEDERAL_FILE_ADDRESS,
  federalFileArtifact,
  INBOX_ADDRESS,
  inboxArtifact,
  LANE_CONTROL_ADDRESS,
  laneControlArtifact,
  ORACLE_REGISTRY_ADDRESS,
  OUTBOX_ADDRESS,
  oracleRegistryArtifact,
  outboxArtifact,
  PAYMENT_CHANNELS_ADDRESS,
  PEDAL_ADDRESS,
  paymentChannelsArtifact,
  pedalArtifact,
  SOURCE_HEADERS_ADDRESS,
  sourceHeadersArtifact,
  TRAINING_TASKS_ADDRESS,
  trainingTasksArtifact,
} from '../../src/contracts/index.ts';
import { isAddress } from '../../src/crypto/index.ts';

/** EIP-170: larger code could not be deployed on another chain. */
const CODE_BYTES_MAX = 24_576;

describe('generated artifacts', () => {
  it('are what the sources compile to', () => {
    const artifacts = renderArtifacts();
    expect([...artifacts.keys()]).toEqual([
      'consortium.ts',
      'edge-registry.ts',
      'payment-channels.ts',
      'oracle-registry.ts',
      'pedal.ts',
      'data-feed.ts',
      'lane-control.ts',
      'source-headers.ts',
      'outbox.ts',
      'inbox.ts',
      'federal-file.ts',
      'training-tasks.ts',
    ]);
    expect(staleArtifacts(artifacts)).toEqual([]);
  }, 180_000);

  it('fit the limit on code', () => {
    const artifacts = [
      consortiumArtifact,
      edgeRegistryArtifact,
      paymentChannelsArtifact,
      oracleRegistryArtifact,
      pedalArtifact,
      dataFeedArtifact,
      laneControlArtifact,
      sourceHeadersArtifact,
      outboxArtifact,
      inboxArtifact,
      federalFileArtifact,
      trainingTasksArtifact,
    ];
    for (const { name, deployedBytecode } of artifacts) {
      expect((deployedBytecode.length - 2) / 2, name).toBeLessThanOrEqual(CODE_BYTES_MAX);
    }
  });

  it('stand at different addresses', () => {
    const addresses = [
      CONSORTIUM_ADDRESS,
      EDGE_REGISTRY_ADDRESS,
      PAYMENT_CHANNELS_ADDRESS,
      ORACLE_REGISTRY_ADDRESS,
      PEDAL_ADDRESS,
      LANE_CONTROL_ADDRESS,
      SOURCE_HEADERS_ADDRESS,
      OUTBOX_ADDRESS,
      INBOX_ADDRESS,
      FEDERAL_FILE_ADDRESS,
      TRAINING_TASKS_ADDRESS,
    ];
    expect(addresses.every(isAddress)).toBe(true);
    expect(new Set(addresses).size).toBe(addresses.length);
  });
});
