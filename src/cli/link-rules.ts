import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { z } from 'zod';
import { createLinkShaping, type LinkRule, type LinkShaping } from '../environment/host/index.ts';
import type { NodeId } from '../environment/index.ts';
import { TreadleError } from '../errors.ts';
import { parseQuantity, QuantityError } from '../experiments/index.ts';

const ruleSchema = z.strictObject({
  blocked: z.boolean().optional(),
  delay: z.string().optional(),
  bandwidth: z.string().optional(),
});
const fileSchema = z.record(z.string().regex(/^(\*|0x[0-9a-f]{40})$/), ruleSchema);

/** How often the file is looked at. */
const LOOK_EVERY_MS = 100;

/** The shaped links of a node, kept as a file says. */
export interface LinkRuleFile {
  readonly shaping: LinkShaping;
  stop(): void;
}

/**
 * Shapes a node's outgoing links as a file says, and goes on doing so when the file changes: to see what a slow or broken
 * network does to real processes. The file names peers by address (`*`: all others), each with any of `blocked`, `delay`
 * ("50 ms") and `bandwidth` ("5 Mbit/s").
 *
 * @param told - called with the result of every later reading: a bad file leaves the rules as they were
 * @throws TreadleError CLI_FILE_UNREADABLE | CLI_BAD_OPTION
 */
export function watchLinkRules(
  file: string,
  told: (outcome: { readonly error?: TreadleError; readonly rules: number }) => void,
): LinkRuleFile {
  const shaping = createLinkShaping();
  shaping.set(readRules(file));
  const look = (): void => {
    try {
      const rules = readRules(file);
      shaping.set(rules);
      told({ rules: rules.size });
    } catch (error) {
      if (!(error instanceof TreadleError)) throw error;
      told({ error, rules: 0 });
    }
  };
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, look);
  return { shaping, stop: () => unwatchFile(file, look) };
}

function readRules(file: string): ReadonlyMap<NodeId | '*', LinkRule> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TreadleError('CLI_FILE_UNREADABLE', { detail: `${file} cannot be read`, data: { file }, cause });
  }
  try {
    const parsed = fileSchema.parse(JSON.parse(text));
    return new Map(Object.entries(parsed).map(([peer, rule]) => [peer as NodeId | '*', ruleOf(rule)]));
  } catch (cause) {
    if (cause instanceof QuantityError || cause instanceof z.ZodError || cause instanceof SyntaxError) {
      const why = cause instanceof z.ZodError ? z.prettifyError(cause) : cause.message;
      throw new TreadleError('CLI_BAD_OPTION', { detail: `--links ${file}: ${why}`, data: { file }, cause });
    }
    throw cause;
  }
}

function ruleOf({ blocked, delay, bandwidth }: z.output<typeof ruleSchema>): LinkRule {
  return {
    ...(blocked !== undefined && { blocked }),
    ...(delay !== undefined && { delayMicros: parseQuantity('duration', delay) }),
    ...(bandwidth !== undefined && { bitsPerSecond: parseQuantity('bandwidth', bandwidth) }),
  };
}
