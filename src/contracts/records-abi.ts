/** The part of `contracts/src/IRecords.sol` that has a typed client. */
export const recordsAbi = [
  {
    type: 'function',
    name: 'telemetry',
    stateMutability: 'nonpayable',
    inputs: [
      { name: 'stream', type: 'bytes32' },
      { name: 'fromMs', type: 'uint64' },
      { name: 'toMs', type: 'uint64' },
      { name: 'count', type: 'uint32' },
      { name: 'root', type: 'bytes32' },
    ],
    outputs: [],
  },
  {
    type: 'function',
    name: 'streamOf',
    stateMutability: 'view',
    inputs: [
      { name: 'author', type: 'address' },
      { name: 'stream', type: 'bytes32' },
    ],
    outputs: [
      {
        name: '',
        type: 'tuple',
        components: [
          { name: 'fromMs', type: 'uint64' },
          { name: 'toMs', type: 'uint64' },
          { name: 'count', type: 'uint64' },
          { name: 'segments', type: 'uint64' },
          { name: 'head', type: 'bytes32' },
        ],
      },
    ],
  },
] as const;
