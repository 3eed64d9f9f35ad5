import { type Command, Option } from 'commander';

const json = (): Option => new Option('--json', 'print one JSON document instead of text');
const rpc = (): Option => new Option('--rpc <url>', 'JSON-RPC address of a node').default('http://127.0.0.1:8545');
const key = (): Option =>
  new Option('--key <file>', 'key file of whoever acts (key.json of a node folder)').makeOptionMandatory();

/** Declares `treadle channel`; what a command does is loaded when it runs. */
export function registerChannels(program: Command): void {
  const channel = program.command('channel').description('payment channels: look at them, or do the single steps by hand');
  const reading = (name: string, description: string): Command =>
    channel.command(name).description(description).addOption(rpc()).addOption(json());
  const acting = (name: string, description: string): Command => reading(name, description).addOption(key());
  reading('list', 'every channel: balance, who acts next, deadline')
    .option('--of <address>', 'only channels of this payer or payee')
    .option('--live', 'only channels that are not closed')
    .action(async (options) => (await import('./channel.ts')).list(options));
  reading('show <channelId>', 'one channel').action(async (channelId, options) =>
    (await import('./channel.ts')).show(channelId, options),
  );
  acting('open', 'open a channel and put a deposit into it')
    .requiredOption('--payee <address>', 'who is to be paid')
    .requiredOption('--deposit <amount>', 'e.g. "1 ether"')
    .option('--challenge <duration>', 'how long the payee may still claim after the payer starts to close', '1 h')
    .action(async (options) => (await import('./channel.ts')).open(options));
  acting('top-up <channelId>', 'raise the deposit')
    .requiredOption('--amount <amount>', 'e.g. "1 ether"')
    .action(async (channelId, options) => (await import('./channel.ts')).topUp(channelId, options));
  acting('voucher <channelId>', 'sign a voucher for a cumulative amount (as the payer); nothing is sent')
    .requiredOption('--cumulative <amount>', 'all that the payee may take from this channel, earlier vouchers included')
    .action(async (channelId, options) => (await import('./channel.ts')).voucher(channelId, options));
  acting('claim <channelId>', 'take what a voucher allows (as the payee)')
    .requiredOption('--cumulative <amount>', 'amount of the voucher')
    .requiredOption('--signature <hex>', 'signature of the voucher')
    .action(async (channelId, options) => (await import('./channel.ts')).claim(channelId, options));
  acting('close <channelId>', 'as the payee: close at once; as the payer: start the challenge period')
    .option('--cumulative <amount>', 'as the payee: amount of the last voucher')
    .option('--signature <hex>', 'as the payee: signature of the last voucher')
    .action(async (channelId, options) => (await import('./channel.ts')).close(channelId, options));
  acting('withdraw <channelId>', 'as the payer, after the challenge period: take the rest back').action(
    async (channelId, options) => (await import('./channel.ts')).withdraw(channelId, options),
  );
}
