import { type Command, Option } from 'commander';

const json = (): Option => new Option('--json', 'print one JSON document instead of text');

/** Declares `treadle model`; what a command does is loaded when it runs. */
export function registerModels(program: Command): void {
  const model = program.command('model').description('trained networks in ONNX files: make them, look at them, ask them');
  model
    .command('export <weights>')
    .description(
      'write a network of the catalogue as an ONNX model; <weights> holds its numbers, single precision, little-endian',
    )
    .requiredOption('--network <name>', 'network of the catalogue, e.g. mnist')
    .requiredOption('--out <file>', 'where to write the model; must not exist')
    .option('--classes <names>', 'what each output stands for, with commas')
    .option('--mean <numbers>', 'mean of each input channel, with commas, by which samples were standardised')
    .option('--deviation <numbers>', 'deviation of each input channel, with commas')
    .option('--sample-rate <hz>', 'samples a second of the signals that the network was trained on')
    .addOption(json())
    .action(async (weights, options) => (await import('./model.ts')).exportModel(weights, options));
  model
    .command('inspect <model>')
    .description('what an ONNX file holds, and whether its operators are run here')
    .addOption(json())
    .action(async (file, options) => (await import('./model.ts')).inspect(file, options));
  model
    .command('predict <model>')
    .description('ask a model: of samples in a file, or of the test samples of a data set')
    .option('--input <file>', 'JSON: one sample or a list of samples, as lists of numbers')
    .option('--dataset <name>', 'a data set, whose test samples are classified and compared with their labels')
    .option('--data <folder>', 'a folder with files of your own, looked into before the cache')
    .option('--cache <folder>', 'where fetched files are kept (default: ~/.cache/treadle/datasets)')
    .option('--output <name>', 'which output of the model is asked (default: the first)')
    .addOption(json())
    .action(async (file, options) => (await import('./model.ts')).predict(file, options));
}
