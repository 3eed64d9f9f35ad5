import { defineErrors } from '../errors.ts';

/** Error codes of `src/twins`. */
export const TWINS_ERRORS = defineErrors({
  TWINS_ORIGIN_INVALID: {
    summary: 'The name of a telemetry log is not usable',
    action: 'Use one line of 1 to 200 printable characters, for example plant-7.example/vibration',
  },
  TWINS_LOG_FULL: {
    summary: 'Too many readings wait to be added to the log',
    action: 'Send fewer readings, or find out from the status of the log why it cannot write',
  },
  TWINS_LOG_CLOSED: {
    summary: 'The telemetry log is closed',
    action: 'Open it again; what was added before is in its journal',
  },
  TWINS_LOG_DAMAGED: {
    summary: 'A file of the telemetry log is missing or is not what was written',
    action: 'Run `treadle verify` on its folder to see what is wrong, and restore the folder from a backup',
  },
  TWINS_LOG_FORKED: {
    summary: 'The ledger holds another history of this log than its folder does',
    action:
      'Restore the newest folder and journal, and let one process write under one origin and account; else begin a log with another origin',
  },
  TWINS_ANCHOR_FAILED: {
    summary: 'A checkpoint could not be put on the ledger',
    action: 'Check that the node answers and that the account may send transactions; the log tries again by itself',
  },
  TWINS_NO_SUCH_READING: {
    summary: 'The log has no such reading',
    action: 'Check twin, metric, time or index; a reading can be proved once its checkpoint is on the ledger',
  },
  TWINS_CHECKPOINT_MALFORMED: {
    summary: 'A checkpoint cannot be read',
    action: 'Give three lines: origin, size, root in base64, each with a line feed behind it',
  },
  TWINS_BUNDLE_MALFORMED: {
    summary: 'A proof bundle cannot be read',
    action: 'Give a bundle as `treadle verify --export` writes it; docs/reference/telemetry.md describes each field',
  },
  TWINS_INCLUSION_WRONG: {
    summary: 'The reading is not the one that the checkpoint covers',
    action: 'Reading, salt, index or proof were altered: ask the owner for the unaltered bundle, and do not rely on this reading',
  },
  TWINS_CONSISTENCY_WRONG: {
    summary: 'The checkpoint does not continue an older one',
    action:
      'The owner rewrote the log, or the proof was altered: do not rely on its readings, and keep both checkpoints as evidence',
  },
  TWINS_ANCHOR_WRONG: {
    summary: 'The ledger does not hold this checkpoint',
    action: 'Check that the bundle and genesis.json are of one chain; otherwise the checkpoint was altered or never anchored',
  },
  TWINS_NOT_ANCHORED: {
    summary: 'There is no proof that the checkpoint is on the ledger',
    action: 'Ask for a bundle that was exported with --rpc and --genesis, or leave --genesis out to check the rest alone',
  },
  TWINS_READING_ALTERED: {
    summary: 'A reading of the log was altered after its checkpoint',
    action: 'Restore the folder from a backup; readings in front of the one that is named are as they were',
  },
});
