import { type Command, Option } from 'commander';
import './../errors.ts';
import { registerChannels } from './register-channels.ts';
import { registerCross } from './register-cross.ts';
import { registerModels } from './register-models.ts';
import { registerOracle } from './register-oracle.ts';
import { registerTraining } from './register-training.ts';
import { registerVerify } from './register-verify.ts';

const json = (): Option => new Option('--json', 'print one JSON document instead of text');
const rpc = (): Option => new Option('--rpc <url>', 'JSON-RPC address of a node').default('http://127.0.0.1:8545');
const key = (): Option =>
  new Option('--key <file>', 'key file of whoever acts (key.json of a node folder)').makeOptionMandatory();

/**
 * Declares every command. What a command does is loaded when it runs: `treadle --help` must not wait for an EVM.
 */
export function registerCommands(program: Command): void {
  registerRunning(program);
  registerAsking(program);
  registerPayloads(program);
  registerChannels(program);
  registerConsortium(program);
  registerOracle(program);
  registerCross(program);
  registerResearch(program);
  registerData(program);
  registerLearning(program);
  registerModels(program);
  registerVerify(program);
}

function registerRunning(program: Command): void {
  program
    .command('up')
    .description('start a whole consortium on this machine: proxy, companies, centre, edge nodes, devices, oracle nodes')
    .option('--folder <path>', 'where keys, chain data and logs live; a later start resumes from it', '.treadle')
    .option('--companies <count>', 'companies, at least 3', '3')
    .option('--edges <count>', 'edge nodes (default: 6, or one per row of --sites)')
    .option(
      '--devices <count>',
      'devices that make vibration data, in one fleet process (default: 12, or one per row of --users)',
    )
    .option('--oracles <count>', 'oracle nodes; a request needs at least 5, a group of four and a master', '0')
    .option('--ledgers <names>', 'several ledgers, names separated by commas, the federal one first (default: one ledger)')
    .option('--sites <file>', 'CSV with LATITUDE and LONGITUDE columns: where edge nodes stand')
    .option('--users <file>', 'CSV with LATITUDE and LONGITUDE columns: where devices stand')
    .option('--rpc-port <port>', 'first JSON-RPC port', '8545')
    .option('--console-port <port>', 'first console port', '7400')
    .option('--peer-port <port>', 'first port of node-to-node traffic', '9400')
    .option(
      '--interval <duration>',
      'time from one task of a device to the next (default: 5 s, longer for more than a dozen devices)',
    )
    .option('--no-progress', 'print no progress lines')
    .addOption(json())
    .action(async (options) => (await import('./up.ts')).up(options));
  program
    .command('init')
    .description('make keys, certificates, node folders and the genesis of a consortium; starts nothing')
    .requiredOption('--folder <path>', 'an empty or absent folder')
    .option('--name <name>', 'name of the consortium', 'Demo consortium')
    .option('--chain-id <number>', 'Ethereum chain id', '7331')
    .option('--company <name...>', 'names of the companies, at least 3 (default: three demo companies)')
    .option('--edges <count>', 'edge nodes (default: 6, or one per row of --sites)')
    .option('--devices <count>', 'devices (default: 12, or one per row of --users)')
    .option('--oracles <count>', 'oracle nodes; a request needs at least 5, a group of four and a master', '0')
    .option('--ledgers <names>', 'several ledgers, names separated by commas, the federal one first (default: one ledger)')
    .option('--sites <file>', 'CSV with LATITUDE and LONGITUDE columns: where edge nodes stand')
    .option('--users <file>', 'CSV with LATITUDE and LONGITUDE columns: where devices stand')
    .option('--host <address>', 'address on which the nodes listen', '127.0.0.1')
    .option('--rpc-port <port>', 'first JSON-RPC port', '8545')
    .option('--console-port <port>', 'first console port', '7400')
    .option('--peer-port <port>', 'first port of node-to-node traffic', '9400')
    .addOption(json())
    .action(async (options) => (await import('./init.ts')).init(options));
  program
    .command('key')
    .description('make a key for a new member or node; prints its address, writes the secret to a file only its owner can read')
    .requiredOption('--out <file>', 'where to write it, for example key.json in a node folder; must not exist')
    .addOption(json())
    .action(async (options) => (await import('./key.ts')).key(options));
  program
    .command('node')
    .description('run the node of a folder (or the fleet of a fleet folder) until it is stopped')
    .requiredOption('--folder <path...>', 'folder with node.json or fleet.json; several share a process')
    .option('--contact <contact...>', 'further nodes to ask first, as ADDRESS@MULTIADDR')
    .option('--interval <milliseconds>', 'for devices: time from one task to the next, in place of that in node.json')
    .option('--console-port <port>', 'for a fleet: port of its page (default: any free one)')
    .option(
      '--storage-limit <GB>',
      'most that each data folder takes, in place of storage.limitGb in node.json; 0 keeps everything',
    )
    .option('--links <file>', 'JSON file of rules that slow or cut what the node sends; read again when it changes')
    .addOption(json())
    .action(async (options) => (await import('./node.ts')).node(options));
}

function registerAsking(program: Command): void {
  program
    .command('status')
    .description('height, round, proposer, peers and members as one node sees them')
    .addOption(rpc())
    .addOption(json())
    .action(async (options) => (await import('./status.ts')).status(options));
  program
    .command('match')
    .description('ask the ledger for the best edge node at a position, or check the matches that were made')
    .option('--latitude <degrees>', 'position of the device')
    .option('--longitude <degrees>', 'position of the device')
    .option('--service <name>', 'service wanted', 'vibration.spectrum')
    .option('--max-price <amount>', 'most to pay for one task, e.g. "2000 gwei"', '2000 gwei')
    .option('--audit', 'search again outside the contract for every match since --from and report any that differ')
    .option('--from <block>', 'with --audit: first block', '0')
    .addOption(rpc())
    .addOption(json())
    .action(async (options) => (await import('./match.ts')).match(options));
  program
    .command('task')
    .description('as a device: have one window of samples analysed by the best edge node, and pay for it')
    .requiredOption('--folder <path>', 'folder of a device (node.json with role device)')
    .option('--input <file>', 'samples to analyse (JSON or the binary sample format); made up when absent')
    .option('--contact <contact...>', 'further nodes to ask first, as ADDRESS@MULTIADDR')
    .addOption(json())
    .action(async (options) => (await import('./task.ts')).task(options));
}

function registerPayloads(program: Command): void {
  const payload = program
    .command('payload')
    .description('files of up to 4 MiB on the ledger: their bytes lie at the sealers, blocks hold their hash');
  payload
    .command('send <file>')
    .description('send a file in a payload transaction and wait until it is in a block')
    .requiredOption('--to <address>', 'account or contract that it goes to')
    .option('--media-type <type>', 'what the file is', 'application/octet-stream')
    .option('--data <hex>', 'call data for the contract', '0x')
    .addOption(rpc())
    .addOption(key())
    .addOption(json())
    .action(async (file, options) => (await import('./payload.ts')).send(file, options));
  payload
    .command('get <hash>')
    .description('fetch the file of a payload transaction (or by its root) and check it against the hash')
    .requiredOption('-o, --out <file>', 'where to write it; must not exist')
    .addOption(rpc())
    .addOption(json())
    .action(async (hash, options) => (await import('./payload.ts')).get(hash, options));
}

function registerConsortium(program: Command): void {
  const consortium = program.command('consortium').description('members, votes, certificates, edge nodes');
  const reading = (name: string, description: string): Command =>
    consortium.command(name).description(description).addOption(rpc()).addOption(json());
  const acting = (name: string, description: string): Command => reading(name, description).addOption(key());
  reading('members', 'companies, sealers, votes under way').action(async (options) =>
    (await import('./consortium.ts')).members(options),
  );
  reading('observers', 'registered devices, edge nodes and oracle nodes').action(async (options) =>
    (await import('./consortium.ts')).observers(options),
  );
  reading('evidence', 'proofs that sealers signed two different votes, and what followed').action(async (options) =>
    (await import('./consortium.ts')).evidence(options),
  );
  acting('propose', 'as a company: propose to add, remove or reinstate a company or to replace the proxy; counts as a yes')
    .addOption(
      new Option('--add <address>', 'account of the company that is to join').conflicts(['remove', 'replaceProxy', 'reinstate']),
    )
    .addOption(
      new Option('--remove <address>', 'account of the company that is to leave').conflicts(['replaceProxy', 'reinstate']),
    )
    .addOption(new Option('--replace-proxy <address>', 'account of the new proxy').conflicts(['reinstate']))
    .option('--reinstate <address>', 'account of the member in quarantine that is to seal again')
    .option('--name <name>', 'with --add: name of the company')
    .action(async (options) => (await import('./consortium.ts')).propose(options));
  acting('vote <proposal>', 'as a company: vote on a proposal')
    .option('--no', 'vote against it (default: for it)')
    .action(async (proposal, options) => (await import('./consortium.ts')).vote(proposal, options));
  acting('execute <proposal>', 'carry out a change that has its votes and had to wait').action(async (proposal, options) =>
    (await import('./consortium.ts')).execute(proposal, options),
  );
  acting('rotate-key', 'as a company or the proxy: name the new key of your node; --key is that of the account')
    .requiredOption('--new-key <file>', 'key file of the new key (treadle key)')
    .option('--now', 'take the seat with it at once, instead of when its node has the chain')
    .action(async (options) => (await import('./consortium.ts')).rotateKey(options));
  acting('certify <address>', 'as a company: sign a certificate for a device, edge node or centre; prints it')
    .addOption(new Option('--role <role>', 'what it is').choices(['device', 'edge', 'centre', 'oracle']).makeOptionMandatory())
    .option('--days <count>', 'how long it holds', '730')
    .option('--out <file>', 'write the certificate there')
    .action(async (address, options) => (await import('./consortium.ts')).certify(address, options));
  acting('register', 'register a certified device or edge node on the ledger')
    .requiredOption('--certificate <file>', 'certificate.json')
    .action(async (options) => (await import('./consortium.ts')).register(options));
  acting('revoke <address>', 'as its company: revoke the certificate of a device or edge node').action(async (address, options) =>
    (await import('./consortium.ts')).revoke(address, options),
  );
  acting('fund <address>', 'send money, for example to a new device')
    .requiredOption('--amount <amount>', 'e.g. "10 ether"')
    .action(async (address, options) => (await import('./consortium.ts')).fund(address, options));
  acting('add-node', 'as a company: list an edge node for matching')
    .requiredOption('--node <address>', 'the registered edge node')
    .requiredOption('--latitude <degrees>', 'where it stands')
    .requiredOption('--longitude <degrees>', 'where it stands')
    .requiredOption('--capacity <count>', 'tasks at a time')
    .requiredOption('--price <amount>', 'for one task, e.g. "1000 gwei"')
    .requiredOption('--service <name...>', 'services it offers')
    .action(async (options) => (await import('./consortium.ts')).addNode(options));
  acting('withdraw-node <id>', 'as its company: take an edge node out of matching').action(async (id, options) =>
    (await import('./consortium.ts')).withdrawNode(id, options),
  );
}

function registerResearch(program: Command): void {
  program
    .command('sim <scenario>')
    .description('run the same nodes in the simulator, as a scenario file describes')
    .option('--seed <number>', 'seed of all randomness (default: the one in the file, or 1)')
    .option('--nodes <count>', 'for a fault scenario: how many sealers (default: the first size in the file)')
    .option('--sites <file>', 'CSV of places for the edge nodes, instead of those of the scenario')
    .option('--users <file>', 'CSV of places for the devices, instead of those of the scenario')
    .addOption(json())
    .action(async (scenario, options) => (await import('./sim.ts')).sim(scenario, options));
  program
    .command('calibrate')
    .description('measure how long this machine takes for what the simulator charges: a cost table for scenarios')
    .option('--out <file>', 'JSON file to write, for `cpu.calibration` of a scenario; must not exist')
    .option('--folder <path>', 'where the time of a flush to disk is measured', '.')
    .addOption(json())
    .action(async (options) => (await import('./calibrate.ts')).calibrate(options));
  program
    .command('compare')
    .description('run one load of large transactions in the simulator with several consensus engines')
    .option('--engines <names>', 'treadle, pbft-naive, dbft, ribft, pow, or all; with commas', 'treadle,pbft-naive')
    .option('--nodes <counts>', 'numbers of sealers, with commas', '12')
    .option('--transactions <count>', 'transactions', '10')
    .option('--size <size>', 'body of each', '1 MB')
    .option('--entry <where>', 'spread (over all nodes) or one', 'spread')
    .option('--bandwidth <bandwidth>', 'line of every node', '100 Mbit/s')
    .option('--latency <duration>', 'from node to node, one way', '25 ms')
    .option('--within <duration>', 'virtual time after which a run counts as not finished', '60 min')
    .option('--seed <number>', 'seed of the simulation', '1')
    .addOption(json())
    .action(async (options) => (await import('./compare.ts')).compare(options));
  program
    .command('fuzz')
    .description('run fault scenarios over many seeds, one process per core; without --scenario the seed draws the scenario')
    .option('--seeds <range>', 'first and last seed, or one seed', '1..1000')
    .option('--minutes <count>', 'begin no run after this time')
    .option('--nodes <count>', 'sealers of every run (default: the first size in the file, or drawn from the seed)')
    .option('--scenario <which>', 'a fault scenario: all, a number such as 07, or a file')
    .option('--workers <count>', 'runs at a time (default: one per core)')
    .option('--report <file>', 'note every finished run there, as a line of JSON; runs that stand there are not done again')
    .addOption(json())
    .action(async (options) => (await import('./fuzz.ts')).fuzz(options));
  program
    .command('reproduce <figure>')
    .description(
      'reproduce a figure: edgetoll (gas and time of n tasks), consensus, pedal-fig4 to pedal-fig8 (collaboration tests of the oracle paper), pedal (all of them), pedal-fig9 and pedal-fig10 (its tests of learning)',
    )
    .option('--out <folder>', 'where CSV, SVG and a page are written', 'out')
    .option('--seed <number>', 'seed of the simulation, or the first one', '1')
    .option('--seeds <count>', 'pedal figures: seeds that means and spreads are taken over (default: 3, with --quick 1)')
    .option('--quick', 'pedal figures: a coarse grid; fewer and shorter trainings')
    .option(
      '--workers <count>',
      'pedal figures: networks that run at a time, each in a process of its own (default: 1); threads that train (default: one per core)',
    )
    .option(
      '--report <file>',
      'pedal figures: note every finished network there, as a line of JSON; what stands there is not run again',
    )
    .option('--calibration <file>', 'pedal figures: what machines take, from `treadle calibrate`, in place of the figures’ own')
    .option('--data <folder>', 'learning figures: a folder with files of data sets, looked into before the cache')
    .option('--cache <folder>', 'learning figures: where fetched files are kept (default: ~/.cache/treadle/datasets)')
    .option(
      '--datasets <names>',
      'learning figures: data sets, with commas (default: all whose files are present, with --quick mnist)',
    )
    .option('--minutes <count>', 'learning figures: begin no training after this time; what is missing is named in the page')
    .option(
      '--cells <folder>',
      'learning figures: where results of trainings are kept, so that none runs twice',
      'out/learning-cells',
    )
    .addOption(json())
    .action(async (figure, options) => (await import('./reproduce.ts')).reproduce(figure, options));
}

function registerData(program: Command): void {
  const data = program.command('data').description('data sets to learn from: fetch them, look at them, divide them');
  const cache = (): Option => new Option('--cache <folder>', 'where fetched files are kept (default: ~/.cache/treadle/datasets)');
  const folder = (): Option => new Option('--data <folder>', 'a folder with files of your own, looked into before the cache');
  data
    .command('list')
    .description('every data set, and whether its files are here')
    .addOption(folder())
    .addOption(cache())
    .addOption(json())
    .action(async (options) => (await import('./data.ts')).list(options));
  data
    .command('fetch <name>')
    .description('fetch the files of a data set from its publisher and check them; goes on where it was broken off')
    .addOption(cache())
    .option('--no-progress', 'print no progress')
    .addOption(json())
    .action(async (name, options) => (await import('./data.ts')).fetch(name, options));
  data
    .command('show <name>')
    .description('what a data set holds, and how it would be divided among clients')
    .addOption(folder())
    .addOption(cache())
    .addOption(
      new Option('--partition <kind>', 'show this division of the training samples').choices([
        'iid',
        'slices',
        'dirichlet',
        'quantity',
        'machine',
      ]),
    )
    .option('--clients <count>', 'with --partition: how many clients', '10')
    .option('--alpha <number>', 'with dirichlet or quantity: concentration; the smaller, the more unequal', '0.5')
    .option('--seed <text>', 'with --partition: seed of the division', '1')
    .addOption(json())
    .action(async (name, options) => (await import('./data.ts')).show(name, options));
}

function registerLearning(program: Command): void {
  const learn = program
    .command('learn')
    .description('federated learning: train together, with liars among the clients, and check it afterwards');
  registerTraining(learn);
  const data = (): Option => new Option('--data <folder>', 'a folder with files of your own, looked into before the cache');
  const cache = (): Option => new Option('--cache <folder>', 'where fetched files are kept (default: ~/.cache/treadle/datasets)');
  const workers = (): Option =>
    new Option('--workers <count>', 'threads that train (default: one per core); the result is the same');
  learn
    .command('strategies')
    .description('every strategy, what may stand before it, and every attack, with parameters and sources')
    .addOption(json())
    .action(async (options) => (await import('./learn.ts')).strategies(options));
  learn
    .command('run')
    .description('train on this machine with many clients, round by round; Ctrl-C stops after the round')
    .option('--folder <path>', 'where plan, rounds and models are written; absent or empty', 'out/learning')
    .option('--resume', 'go on with the run in --folder; its plan is there, other options of it are ignored')
    .option('--dataset <name>', 'what to learn (treadle data list)', 'mnist')
    .addOption(data())
    .addOption(cache())
    .option(
      '--network <name>',
      'mnist, fashion, cifar, cifarSmall, cifarTiny, bearing or mlp (default: the one for the data set)',
    )
    .option('--clients <count>', 'clients that the training samples are divided among', '100')
    .option('--active <count>', 'clients that are asked in each round', '10')
    .option('--rounds <count>', 'rounds', '30')
    .option('--epochs <count>', 'passes over its samples that a client makes in a round', '5')
    .option('--batch <count>', 'samples of a step', '10')
    .option('--learning-rate <number>', 'of the clients', '0.01')
    .option('--momentum <number>', 'of the clients, from 0 to below 1', '0')
    .addOption(
      new Option('--partition <kind>', 'how samples are divided')
        .choices(['iid', 'slices', 'dirichlet', 'quantity', 'machine'])
        .default('iid'),
    )
    .option('--alpha <number>', 'with dirichlet or quantity: concentration; the smaller, the more unequal', '0.5')
    .option('--strategy <name>', 'how one model is made of many, as name:parameter=number,...', 'pedal')
    .option('--before <name...>', 'what changes updates before that, in this order')
    .option('--attack <name>', 'what malicious clients do, as name:parameter=number,...')
    .option('--malicious <share>', 'share of the clients that attack, 0 to 1', '0')
    .option('--train-samples <count>', 'use only so many training samples')
    .option('--test-samples <count>', 'use only so many test samples')
    .option('--seed <text>', 'seed of everything random', '1')
    .option('--fast-math', 'relaxed SIMD: faster, and nobody can verify the run')
    .addOption(workers())
    .option('--no-progress', 'print no line for each round')
    .addOption(json())
    .action(async (options) => (await import('./learn.ts')).run(options));
  learn
    .command('verify <run>')
    .description('train again what every client of a run announced and name those who announced something else')
    .addOption(data())
    .addOption(cache())
    .option('--rounds <range>', 'first and last round, or one round (default: all)')
    .addOption(workers())
    .option('--no-progress', 'print no line for each round')
    .addOption(json())
    .action(async (runFolder, options) => (await import('./learn.ts')).verify(runFolder, options));
  learn
    .command('export <run>')
    .description('write the last model of a run as an ONNX file, with how its input is scaled and what its classes are called')
    .requiredOption('--out <file>', 'where to write it')
    .addOption(data())
    .addOption(cache())
    .addOption(json())
    .action(async (runFolder, options) => (await import('./learn.ts')).exportRun(runFolder, options));
}
