import { type Command, Option } from 'commander';

const json = (): Option => new Option('--json', 'print one JSON document instead of text');
const rpc = (): Option => new Option('--rpc <url>', 'JSON-RPC address of a node').default('http://127.0.0.1:8545');
const key = (): Option =>
  new Option('--key <file>', 'key file of whoever acts (key.json of a node folder)').makeOptionMandatory();

/** Declares `treadle oracle`; what a command does is loaded when it runs. */
export function registerOracle(program: Command): void {
  const oracle = program.command('oracle').description('outside data on the ledger: ask, see where requests stand, feeds, votes');
  registerRequests(oracle);
  registerFeeds(oracle);
  registerVotes(oracle);
}

const reading = (parent: Command, name: string, description: string): Command =>
  parent.command(name).description(description).addOption(rpc()).addOption(json());
const acting = (parent: Command, name: string, description: string): Command =>
  reading(parent, name, description).addOption(key());

function registerRequests(oracle: Command): void {
  acting(oracle, 'ask', 'ask the oracle, and wait for the answer if you like')
    .requiredOption('--spec <text>', 'what is asked: URL [JSONPATH [FORM[:DECIMALS]]], a JSON object, or @FILE with either')
    .option('--job <name>', 'kind of task', 'data')
    .option('--deposit <amount>', 'paid to the nodes with the answer (default: the fee of the job)')
    .option('--life <duration>', 'how long it may be answered', '2 min')
    .option('--callback-gas <count>', 'gas of the callback, where the requester is a contract', '0')
    .option('--seal', 'have the answer encrypted to --key; treadle oracle result --open reads it')
    .option('--wait', 'wait until it is answered, failed or expired')
    .action(async (options) => (await import('./oracle.ts')).ask(options));
  reading(oracle, 'explain <id>', 'where a request stands and why, what it waits for, who did what')
    .option('--node <url>', 'console address of a node, which asks those that led its rounds')
    .action(async (id, options) => (await import('./oracle.ts')).explain(id, options));
  reading(oracle, 'list', 'the latest requests')
    .option('--state <state>', 'only pending, answered, failed or expired ones')
    .option('--of <address>', 'only those of this requester')
    .option('--limit <count>', 'how many of the latest are looked at', '20')
    .action(async (options) => (await import('./oracle.ts')).list(options));
  reading(oracle, 'nodes', 'who works for the oracle: set, stakes, term, master, whose turn it is').action(async (options) =>
    (await import('./oracle.ts')).nodes(options),
  );
  reading(oracle, 'result <id>', 'the answer to a request')
    .option('--open <file>', 'key file with which a sealed answer is opened')
    .option('--decimals <count>', 'digits behind the point, in place of those of the specification')
    .action(async (id, options) => (await import('./oracle.ts')).result(id, options));
  acting(oracle, 'expire <id>', 'end a request whose time is over: the deposit comes back').action(async (id, options) =>
    (await import('./oracle.ts')).expire(id, options),
  );
  acting(oracle, 'collect', 'take what the oracle owes: refunds, shares, rewards').action(async (options) =>
    (await import('./oracle.ts')).collect(options),
  );
}

function registerFeeds(oracle: Command): void {
  const feed = oracle.command('feed').description('values that are kept up to date on the ledger');
  acting(feed, 'create', 'create a feed: a contract that consumers of price feeds can read')
    .requiredOption('--spec <text>', 'what is asked, as of treadle oracle ask; its answers must be numbers')
    .requiredOption('--description <text>', 'what it is, e.g. "oven 1, degrees Celsius"')
    .option('--job <name>', 'kind of task', 'data')
    .option('--heartbeat <duration>', 'age from which anybody may have the value asked for anew', '1 h')
    .option('--deviation <percent>', 'a value that moved by so much is worth a round before that', '1')
    .option('--life <duration>', 'how long one of its requests may take', '2 min')
    .option('--fund <amount>', 'send it so much, from which it pays')
    .action(async (options) => (await import('./oracle-feed.ts')).create(options));
  acting(feed, 'poll <feed>', 'have the value asked for, when it is older than the heartbeat')
    .option('--moved <deposit>', 'claim instead that it moved, with a deposit of your own that comes back if it did')
    .option('--wait', 'wait for the new round')
    .action(async (address, options) => (await import('./oracle-feed.ts')).poll(address, options));
  reading(feed, 'read <feed>', 'the latest value, as latestRoundData() gives it')
    .option('--rounds <count>', 'how many of the latest rounds', '1')
    .action(async (address, options) => (await import('./oracle-feed.ts')).read(address, options));
}

function registerVotes(oracle: Command): void {
  const vote = oracle
    .command('vote')
    .description('as a company: approve a change of the oracle; it is made with the approval of more than two thirds');
  const voting = (name: string, description: string): Command => acting(vote, name, description);
  voting('set-job <name>', 'set a job up, or change what is given here for requests to come')
    .option('--fee <amount>', 'least deposit')
    .option('--group <count>', 'nodes of a group, 4 to 127')
    .addOption(new Option('--quorum <rule>', 'who has to sign').choices(['two-thirds', 'all']))
    .option('--forfeit <percent>', 'what is kept of a deposit that brought no result')
    .option('--spec-bytes <count>', 'longest specification')
    .option('--result-bytes <count>', 'longest result')
    .addOption(new Option('--requests <which>', 'whether requests are taken').choices(['taken', 'refused']))
    .action(async (name, options) => (await import('./oracle-vote.ts')).setJob(name, options));
  voting('set-limits', 'change how many requests may be open')
    .requiredOption('--open <count>', 'in all')
    .requiredOption('--per-requester <count>', 'of one requester')
    .action(async (options) => (await import('./oracle-vote.ts')).setLimits(options));
  voting('pause', 'pause the oracle: nothing is asked or answered until it goes on').action(async (options) =>
    (await import('./oracle-vote.ts')).setPaused(true, options),
  );
  voting('resume', 'let the oracle go on').action(async (options) =>
    (await import('./oracle-vote.ts')).setPaused(false, options),
  );
  voting('pay-fund <address>', 'give from what was kept of deposits or taken from stakes')
    .requiredOption('--amount <amount>', 'e.g. "1 ether"')
    .addOption(new Option('--from <fund>', 'which fund').choices(['deposits', 'stakes']).default('deposits'))
    .action(async (address, options) => (await import('./oracle-vote.ts')).payFund(address, options));
}
