'use strict';

// Read by scripts/check-dependencies.ts, which shows dependency-cruiser the sources with their types taken off.

/** Folders of src by level: imports go down only, and folders of one level do not import each other. */
const LEVELS = [
  ['environment'],
  ['crypto'],
  ['consensus', 'ledger'],
  ['contracts'],
  ['consortium', 'market', 'light', 'twins', 'oracle', 'learning'],
  ['node'],
  ['experiments'],
  ['cli'],
];

/** Tests may use the simulator, node built-ins and development packages. */
const TESTS = ['[.]test[.]js$', '/testing/'];

/** The interface of the environment stands on nothing; its implementations, and their tests, hash and prove who they are. */
const ENVIRONMENT_IMPLEMENTATIONS = ['^src/environment/(sim|host|contract)/', '^src/environment/.*[.]test[.]js$'];

const levelRules = LEVELS.flatMap((folders, level) =>
  folders.map((folder) => {
    const below = LEVELS.slice(0, level).flat();
    const allowed = ['[^/]+[.]js$', `${folder}/`].concat(below.map((name) => `${name}/`));
    return {
      name: `down-the-levels-${folder}`,
      comment: `${folder} is of level ${level}: it may import ${below.join(', ') || 'no other folder'}.`,
      severity: 'error',
      from: { path: `^src/${folder}/`, ...(folder === 'environment' && { pathNot: ENVIRONMENT_IMPLEMENTATIONS }) },
      to: { path: '^src/', pathNot: `^src/(${allowed.join('|')})` },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...levelRules,
    {
      name: 'down-the-levels-environment-implementations',
      comment: 'The simulator and the host may use crypto, which imports no other folder.',
      severity: 'error',
      from: { path: ENVIRONMENT_IMPLEMENTATIONS },
      to: { path: '^src/', pathNot: '^src/([^/]+[.]js$|environment/|crypto/)' },
    },
    {
      name: 'nothing-above-the-root',
      comment: 'The files of src itself (errors.ts, limits.ts, remember.ts, ...) lie below all levels.',
      severity: 'error',
      from: { path: '^src/[^/]+[.]js$', pathNot: TESTS },
      to: { path: '^src/[^/]+/' },
    },
    {
      name: 'through-the-index',
      comment:
        'A folder is entered through its index.ts (environment/sim, environment/host, environment/contract, experiments/edgetoll, experiments/comparison, experiments/faults, experiments/learning-figures, experiments/learning-scenario, experiments/pedal, experiments/pedal-figures and ledger/light have their own).',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: TESTS },
      to: {
        path: '^src/[^/]+/.+',
        pathNot: [
          '^src/$1/',
          '^src/[^/]+/index[.]js$',
          '^src/(environment/(sim|host|contract)|experiments/(edgetoll|comparison|faults|learning-figures|learning-scenario|pedal|pedal-figures)|ledger/light)/index[.]js$',
        ],
      },
    },
    {
      name: 'tests-through-the-index',
      comment: 'The tests of a folder may also use what another folder keeps for tests.',
      severity: 'error',
      from: { path: '^src/([^/]+)/.*(?:testing/|[.]test[.]js$)' },
      to: {
        path: '^src/[^/]+/.+',
        pathNot: [
          '^src/$1/',
          '/testing/',
          '^src/[^/]+/index[.]js$',
          '^src/(environment/(sim|host|contract)|experiments/(edgetoll|comparison|faults|learning-figures|learning-scenario|pedal|pedal-figures)|ledger/light)/index[.]js$',
        ],
      },
    },
    {
      name: 'into-src-through-the-index',
      comment:
        'Scripts, benchmarks and tests enter a folder through its index.ts too, and the console knows nothing but the types of the API.',
      severity: 'error',
      from: { path: '^(bench|test)/' },
      to: { path: '^src/[^/]+/.+', pathNot: ['/index[.]js$', '^src/cli/', '/testing/'] },
    },
    {
      name: 'simulator',
      comment: 'Only cli and experiments choose the simulator; tests may.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(cli|experiments)/', '^src/environment/(sim|contract)/', ...TESTS] },
      to: { path: '^src/environment/sim/' },
    },
    {
      name: 'host',
      comment: 'Only cli chooses the operating system; tests may.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', '^src/environment/(host|contract)/', ...TESTS] },
      to: { path: '^src/environment/host/' },
    },
    {
      name: 'node-built-ins',
      comment: 'The operating system is behind the environment.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', '^src/environment/host/', ...TESTS] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'development-packages',
      comment: 'What runs must be installed with the product: a development package is missing there.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/environment/contract/', ...TESTS] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'src-stands-alone',
      comment: 'The product does not import its tests, benchmarks, scripts or console.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: '^(test|bench|scripts|console|contracts)/' },
    },
    {
      name: 'no-cycles',
      comment: 'Of two files that import each other, neither can be read alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    { name: 'resolvable', comment: 'An import that leads nowhere.', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.js', '.mjs', '.cjs'],
    },
  },
};
