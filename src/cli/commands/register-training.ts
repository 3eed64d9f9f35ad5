import { type Command, Option } from 'commander';

const json = (): Option => new Option('--json', 'print one JSON document instead of text');
const rpc = (): Option => new Option('--rpc <url>', 'JSON-RPC address of a node').default('http://127.0.0.1:8545');
const key = (): Option =>
  new Option('--key <file>', 'key file of whoever acts (key.json of a node folder)').makeOptionMandatory();

const reading = (learn: Command, name: string, description: string): Command =>
  learn.command(name).description(description).addOption(rpc()).addOption(json());
const acting = (learn: Command, name: string, description: string): Command => reading(learn, name, description).addOption(key());

/** Declares the commands of `treadle learn` that are about tasks on a ledger; what a command does is loaded when it runs. */
export function registerTraining(learn: Command): void {
  acting(learn, 'release <dataset>', 'release a task of learning to the computing oracle of a ledger')
    .requiredOption('--reward <amount>', 'what the clients share')
    .option('--stake <amount>', 'half of it is lost when the task ends without a round (default: the least that is taken)')
    .option('--client-stake <amount>', 'what a client puts down for its place', '0')
    .option('--network <name>', 'the network to train', 'mlp')
    .option('--strategy <text>', 'strategy with its settings, what goes in front of it first', 'pedal')
    .option('--rounds <count>', 'rounds', '10')
    .option('--epochs <count>', 'passes over its samples that a client makes in a round', '5')
    .option('--batch <count>', 'samples in a step', '10')
    .option('--learning-rate <number>', 'learning rate', '0.01')
    .option('--seed <number>', 'decides the first model and every order', '1')
    .option('--clients <count>', 'places for clients, 1 to 64', '10')
    .option('--quorum <count>', 'updates without which a round does not count (default: two thirds of the places)')
    .option('--round-time <duration>', 'how long a round may take', '10 min')
    .option('--life <duration>', 'after which the task ends whatever is done', '7 d')
    .option('--url <url>', 'where the files of the data set are')
    .option('--data <folder>', 'a folder with files of your own, looked into before the cache')
    .option('--cache <folder>', 'where fetched files are kept')
    .action(async (dataset, options) => (await import('./learn-tasks.ts')).release(dataset, options));
  acting(learn, 'enrol <task>', 'take a place in a task, for a node that trains with this key')
    .requiredOption('--samples <count>', 'how many samples the node trains on')
    .action(async (task, options) => (await import('./learn-tasks.ts')).enrol(task, options));
  acting(learn, 'start <task>', 'end the enrolment of your task before all places are taken').action(async (task, options) =>
    (await import('./learn-tasks.ts')).start(task, options),
  );
  acting(learn, 'cancel <task>', 'end your task; what is left of the reward comes back').action(async (task, options) =>
    (await import('./learn-tasks.ts')).cancel(task, options),
  );
  acting(learn, 'collect', 'take what tasks owe you: rewards, stakes, refunds').action(async (options) =>
    (await import('./learn-tasks.ts')).collect(options),
  );
  reading(learn, 'status <task>', 'a task: its state, rounds, clients').action(async (task, options) =>
    (await import('./learn-tasks.ts')).status(task, options),
  );
  reading(learn, 'watch <task>', 'follow a task, a line for each round, until it is over').action(async (task, options) =>
    (await import('./learn-tasks.ts')).watch(task, options),
  );
}
