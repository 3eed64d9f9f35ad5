import { type Command, Option } from 'commander';

const json = (): Option => new Option('--json', 'print one JSON document instead of text');
const rpc = (): Option =>
  new Option('--rpc <url>', 'JSON-RPC address of a node of the own ledger').default('http://127.0.0.1:8545');
const key = (): Option =>
  new Option('--key <file>', 'key file of whoever acts (key.json of a node folder)').makeOptionMandatory();
const peer = (): Option => new Option('--peer <chain>', 'chain id of the other ledger').makeOptionMandatory();
const there = (): Option => new Option('--peer-rpc <url>', 'JSON-RPC address of a node of the other ledger: says what it knows');

/** Declares `treadle cross`; what a command does is loaded when it runs. */
export function registerCross(program: Command): void {
  const cross = program.command('cross').description('calls between ledgers: send, see where messages stand, lanes, pause');
  const reading = (name: string, description: string): Command =>
    cross.command(name).description(description).addOption(peer()).addOption(rpc()).addOption(json());
  reading('send', 'send a message to a contract of another ledger')
    .requiredOption('--target <address>', 'contract there, which takes it as onMessage')
    .option('--data <hex>', 'what it says', '0x')
    .option('--life <duration>', 'after which it is not executed any more', '10 min')
    .option('--gas <count>', 'gas of the target', '200000')
    .option('--callback-gas <count>', 'gas of onReceipt, where the sender is a contract', '0')
    .option('--deposit <amount>', 'comes back when the message ends (default: what the lane demands)')
    .addOption(key())
    .action(async (options) => (await import('./cross.ts')).send(options));
  reading('explain <nonce>', 'where a message stands, what it waits for, its deadlines')
    .addOption(there())
    .action(async (nonce, options) => (await import('./cross.ts')).explain(nonce, options));
  reading('list', 'the latest messages to another ledger')
    .option('--limit <count>', 'how many', '20')
    .action(async (options) => (await import('./cross.ts')).list(options));
  reading('lane', 'the lanes to and from another ledger: trust, limits, rate left, pause, what is believed').action(
    async (options) => (await import('./cross.ts')).lane(options),
  );
  for (const [name, description] of [
    ['pause', 'as a company, approve that nothing goes over the lanes with a ledger'],
    ['resume', 'as a company, approve that the lanes with a ledger go on'],
  ] as const) {
    reading(name, description)
      .addOption(key())
      .action(async (options) => (await import('./cross.ts')).pause(name === 'pause', options));
  }
}
