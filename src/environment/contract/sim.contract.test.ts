import type { NodeId } from '../environment.ts';
import { createWorld, type SourceAnswer } from '../sim/index.ts';
import { openDoor, type SourceBehaviour } from './contract-world.ts';
import { environmentContract } from './environment-contract.ts';

const answerOf = (behaviour: SourceBehaviour): SourceAnswer | undefined => {
  switch (behaviour.type) {
    case 'answers':
      return behaviour;
    case 'refuses':
      return { failure: 'refused' };
    case 'silent':
      return { failure: 'silent' };
    case 'forbidden':
      return { failure: 'notAllowed' };
    case 'absent':
      return undefined;
  }
};

const MINUTE_MICROS = 60_000_000;

environmentContract('simulator', async () => {
  const world = createWorld({ seed: 'contract', links: { latency: { kind: 'uniform', minMicros: 200, maxMicros: 900 } } });
  let added = 0;
  let published = 0;
  const nextNode = () => `0x${(++added).toString(16).padStart(40, '0')}` as NodeId;
  const pass = (micros: number) => world.runFor(micros);
  return {
    add: async () => world.addNode(nextNode()),
    reopen: async (env, fault) => {
      world.crash(env.node, { tornTail: fault.type === 'tornTail' });
      if (fault.type === 'damage') world.damageLog(env.node, fault.log, fault.record);
      if (fault.type === 'rot') world.damageTable(env.node, fault.table, fault.entries);
      if (fault.type === 'rotBlobs') world.damageBlobs(env.node, fault.count);
      return world.restart(env.node);
    },
    fill: (env, full) => world.fillDisk(env.node, full),
    run: (promise) => world.run(promise, MINUTE_MICROS),
    until: (condition) => world.runUntil(condition, MINUTE_MICROS),
    pass,
    sendMalformed: async (to) => {
      const liar = world.addNode(nextNode());
      await world.run(liar.network.start(openDoor));
      await world.run(liar.network.connect({ node: to.node, addresses: to.network.addresses() }));
      world.injectMalformedFrame(liar.node, to.node);
      return liar.node;
    },
    publish: (behaviour) => {
      const url = `https://source.example/${published++}`;
      const answer = answerOf(behaviour);
      if (answer !== undefined) world.outside.publish(url, answer);
      return { kind: 'http', url };
    },
    close: async () => {},
  };
});
