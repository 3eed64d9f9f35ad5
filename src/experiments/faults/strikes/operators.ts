import { issueCertificate, type ObserverCertificate, WIRE_VERSIONS } from '../../../consortium/index.ts';
import { invariant } from '../../../errors.ts';
import type { NodeSetup } from '../../../node/index.ts';
import type { Dice } from '../dice.ts';
import { type FaultSeat, OLDER_WIRE } from '../fault-cluster.ts';
import type { FaultEntry, WrongSetting } from '../format/fault-scenario.ts';
import { isOut, type Stage, take, type Undo, victims } from '../stage.ts';

/** A node is down for so long while its operator replaces the program. */
const REPLACEMENT_MICROS = 300_000;
/** Smaller than any chain: the node says so, and keeps what it needs. */
const STORAGE_LIMIT_GB = 1e-6;

const steps = new WeakMap<Stage, number>();

/**
 * Restarts one node with another wire version: seat after seat the newer one, and when all have it the older one again,
 * which is a rollback. Waits while f sealers are out.
 */
export function upgrade(stage: Stage, _entry: FaultEntry, _dice: Dice): Undo | undefined {
  const seats = stage.cluster.seats.filter(({ kind }) => kind !== 'spare');
  const step = steps.get(stage) ?? 0;
  const seat = seats[step % seats.length] as FaultSeat;
  const isNewer = Math.floor(step / seats.length) % 2 === 0;
  const out = stage.cluster.seats.filter((each) => stage.members.isSealer(each) && isOut(stage, each) && each !== seat).length;
  const mayStop = seat.kind === 'observer' || !stage.members.isSealer(seat) || out < Math.min(stage.f, stage.members.faultsMin);
  if (seat.node === undefined || stage.struck.has(seat.name) || !mayStop) return undefined;
  steps.set(stage, step + 1);
  if (step + 1 === seats.length) stage.sometimes.note('all nodes upgraded');
  if (step + 1 === 2 * seats.length) stage.sometimes.note('all nodes rolled back');
  const release = take(stage, [seat]);
  stage.cluster.reconfigure(seat.name, (setup) => ({ ...setup, wireVersions: isNewer ? WIRE_VERSIONS : OLDER_WIRE }));
  stage.cluster.crash(seat.name, { tornTail: false });
  stage.cluster.world.at(REPLACEMENT_MICROS, () => {
    stage.cluster.restart(seat.name);
    release();
  });
  return () => undefined;
}

/** Restarts nodes with something wrong in their files: it must hurt nobody else. Set right when the strike ends. */
export function misconfigure(stage: Stage, entry: FaultEntry, dice: Dice): Undo | undefined {
  const seats = victims(stage, entry, dice);
  if (seats.length === 0) return undefined;
  const release = take(stage, seats);
  const undos = seats.map((seat) => mislead(stage, seat, dice.pick(entry.settings)));
  return () => {
    for (const undo of undos) undo();
    release();
  };
}

function mislead(stage: Stage, seat: FaultSeat, wrong: WrongSetting): Undo {
  const { cluster } = stage;
  const { setup, name, id } = seat;
  cluster.crash(name, { tornTail: false });
  // On another chain it starts with nothing; its real disk is kept aside.
  const image = wrong === 'other-chain' ? cluster.world.copyDisk(id) : undefined;
  if (image !== undefined) cluster.world.destroyDisk(id);
  stage.sometimes.note(`wrong ${wrong}`);
  stage.misled.add(name);
  cluster.reconfigure(name, (right) => ({ ...right, ...WRONG[wrong](right) }));
  cluster.restart(name);
  return () => {
    if (seat.powered) cluster.crash(name, { tornTail: false });
    if (image !== undefined) cluster.world.restoreDisk(id, image);
    cluster.reconfigure(name, () => setup);
    stage.misled.delete(name);
    cluster.restart(name);
  };
}

/** With an account more the chain on the disk is not that of the file: the node must refuse it. */
function otherGenesis({ genesis, key }: NodeSetup): Partial<NodeSetup> {
  const [rich] = Object.values(genesis.alloc);
  return { genesis: { ...genesis, alloc: { ...genesis.alloc, [key.address]: rich ?? '1' } } };
}

/** A pace of its own makes it another chain: everything in that file is a part of the chain's name. */
function otherPace({ genesis }: NodeSetup): Partial<NodeSetup> {
  invariant(genesis.timing !== undefined, 'the chain of a fault run has a pace of its own');
  return { genesis: { ...genesis, timing: { ...genesis.timing, blockIntervalMs: genesis.timing.blockIntervalMs + 1 } } };
}

const WRONG: Readonly<Record<WrongSetting, (right: NodeSetup) => Partial<NodeSetup>>> = {
  genesis: otherGenesis,
  timing: otherPace,
  'other-chain': otherPace,
  wire: () => ({ wireVersions: { lowest: WIRE_VERSIONS.highest + 1, highest: WIRE_VERSIONS.highest + 2 } }),
  contacts: ({ file }) => ({ file: { ...file, contacts: [] } }),
  storage: ({ file }) => ({ file: { ...file, storage: { ...file.storage, limitGb: STORAGE_LIMIT_GB } } }),
};

/** The observer's certificate ends a second after its node was restarted with it; a later one takes its place when the strike ends. */
export function certificate(stage: Stage, _entry: FaultEntry, _dice: Dice): Undo | undefined {
  const { cluster } = stage;
  const seat = cluster.seats.find(({ kind }) => kind === 'observer');
  const certified = seat?.setup.certificate;
  if (seat?.node === undefined || certified === undefined) return undefined;
  const nowSeconds = Math.floor(cluster.world.now / 1_000_000);
  const short = issued(stage, certified, nowSeconds + 2);
  cluster.crash(seat.name, { tornTail: false });
  cluster.reconfigure(seat.name, (setup) => ({ ...setup, certificate: short }));
  cluster.restart(seat.name);
  stage.sometimes.note('certificate expired');
  return () => {
    const later = issued(stage, certified, certified.expiresAtSeconds + nowSeconds);
    cluster.reconfigure(seat.name, (setup) => ({ ...setup, certificate: later }));
    const renewed = seat.node?.renewCertificate(later);
    // A node that nobody talks to cannot bring its certificate to the ledger: its operator restarts it with the later one.
    renewed?.then(
      () => stage.sometimes.note('certificate renewed'),
      () => undefined,
    );
  };
}

function issued(
  stage: Stage,
  { observer, role, company, chainId }: ObserverCertificate,
  expiresAtSeconds: number,
): ObserverCertificate {
  const issuer = stage.cluster.seats.find(({ setup }) => setup.key.address === company) as FaultSeat;
  const serial = `0x${expiresAtSeconds.toString(16).padStart(64, '0')}` as const;
  return issueCertificate({ observer, role, expiresAtSeconds, serial, chainId }, issuer.setup.key);
}
