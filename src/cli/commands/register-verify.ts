import { type Command, Option } from 'commander';

/** Declares `treadle verify`; what it does is loaded when it runs. */
export function registerVerify(program: Command): void {
  program
    .command('verify <path>')
    .description(
      'prove one reading from a proof bundle, offline; or go through the folder of a telemetry log and name what was altered',
    )
    .option('--genesis <file>', 'genesis.json of the consortium, which is trusted: checks that the checkpoint is on the ledger')
    .option('--author <address>', 'account that must have put the checkpoint on the ledger')
    .option('--checkpoint <file>', 'a checkpoint that was kept from before: the log must still begin with it')
    .option('--rpc <url>', 'for a folder: JSON-RPC address of a node; with --genesis its answers are checked')
    .option('--tiles <folder>', "for a folder: somebody else's copy of its hash tiles")
    .option('--export <file>', 'for a folder: write the proof bundle of one reading there; must not exist')
    .option('--index <number>', 'with --export: which reading, counted from 0')
    .option('--twin <name>', 'with --export: twin of the reading, instead of --index')
    .option('--metric <name>', 'with --twin: metric of the reading')
    .option('--time <milliseconds>', 'with --twin: time of the reading since the Unix epoch')
    .addOption(new Option('--json', 'print one JSON document instead of text'))
    .action(async (path, options) => (await import('./verify.ts')).verify(path, options));
}
