import { recoverSigners, verifyCertificate } from '../consensus/index.ts';
import {
  createLightMembership,
  genesisDomain,
  genesisHash,
  nodeOfAccount,
  type ObserverCertificate,
} from '../consortium/index.ts';
import { createLedgerClient, type LedgerClient } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { type Environment, type NodeId, type Timer, withDeadline } from '../environment/index.ts';
import { hasCode, TreadleError } from '../errors.ts';
import { createLightClient, type LightClient, type TreadlePort } from '../ledger/index.ts';
import { DEVICE_TASKS_KEPT_MAX } from '../limits.ts';
import {
  createChannelChain,
  createDevicePayer,
  createMatchChain,
  createTaskClient,
  createVibrationSource,
  type DevicePayer,
  SAMPLES_MEDIA_TYPE,
  type TaskClient,
  type TaskOrder,
  type TaskOutcome,
} from '../market/index.ts';
import { genesisHeaderOf, genesisRoster } from './genesis-facts.ts';
import { createLightRoster, type LightRoster } from './light-roster.ts';
import { createPeering, type Peering } from './peering.ts';
import { registerObserver } from './registration.ts';
import { renewRegistration } from './renewal.ts';
import { createNetworkRpc, createNodeCall, type RpcCall } from './rpc-service.ts';
import { identity, type NodeSetup, type Platform, type TreadleNode, type WorkCounts } from './setup.ts';
import { persist } from './steady.ts';
import { createLightTreadlePort } from './treadle-port.ts';
import { createVerifyingCall } from './verifying-rpc.ts';

/** Time in which a stopping device lets its task finish. */
const STOP_MICROS = 5_000_000;

/** What became of one task of a device. */
export interface TaskRecord {
  readonly atMicros: number;
  /** From the request for a match to the verified result. */
  readonly durationMicros: number;
  readonly outcome?: TaskOutcome;
  /** Why there is no outcome, or why it could not be paid for. */
  readonly error?: { readonly code: string; readonly detail: string };
  /** Whether the payment reached the edge node. */
  readonly paid: boolean;
}

/** A machine: keeps headers, has its samples analysed by the best edge node, pays for it. */
export interface DeviceNode extends TreadleNode {
  readonly environment: Environment;
  readonly light: LightClient;
  readonly peering: Peering;
  readonly payer: DevicePayer;
  readonly rpc: RpcCall;
  /** A client of the full nodes' ledger, acting with the device's key. */
  readonly client: LedgerClient;
  readonly treadle: TreadlePort;
  /** The latest tasks, oldest first, at most DEVICE_TASKS_KEPT_MAX. */
  readonly tasks: readonly TaskRecord[];
  /** Resolves when the device is registered and can pay; rejects when it is stopped before. */
  readonly ready: Promise<void>;
  /** Runs one task of the device's own service and pays for it; waits until the device is ready. */
  runTask(order?: Partial<Pick<TaskOrder, 'input' | 'mediaType' | 'parameters'>>): Promise<TaskRecord>;
  /** Asks for no further tasks, and resolves when none is under way. */
  quiesce(): Promise<void>;
}

export interface DeviceOptions {
  /** False: the device does only what it is told, one task at a time. Default true. */
  readonly periodic?: boolean;
}

export async function createDeviceNode(
  environment: Environment,
  setup: NodeSetup,
  platform: Platform,
  options: DeviceOptions = {},
): Promise<DeviceNode> {
  const { file, genesis, key } = setup;
  if (file.role !== 'device') throw new TreadleError('NODE_MISCONFIGURED', { detail: `"role" is ${file.role}, not device` });
  const domain = genesisDomain(genesis);
  const light = createLightClient({
    trustedHeader: await genesisHeaderOf(genesis, platform),
    verifyCertificate: (certificate, sealers) => verifyCertificate(domain, certificate, sealers),
  });
  const call = createVerifyingCall(createNodeCall(environment), light);
  const nodeOf = (account: Address): NodeId => nodeOfAccount(roster.now, account);
  const rpc = createNetworkRpc(environment, () => upstreams(light.head.nextSealers, nodeOf(file.company)), call);
  const client = createLedgerClient({ rpc, key, environment, chainId: genesis.chainId });
  const roster: LightRoster = createLightRoster(genesisRoster(genesis), { rpc, client, light });
  const peering = await createPeering({
    environment,
    setup,
    membership: createLightMembership({
      clock: environment.clock,
      chainId: genesis.chainId,
      genesisHash: genesisHash(genesis),
      roster: () => ({ ...roster.now, sealers: light.head.nextSealers }),
      ...(setup.wireVersions !== undefined && { wireVersions: setup.wireVersions }),
    }),
    sealers: () => light.head.nextSealers,
    nodeOf,
  });
  const contactOf = (node: NodeId) => peering.contactOf(node);
  const depositWei = BigInt(file.device.depositWei);
  const payer = await createDevicePayer(
    { depositWei, topUpWei: depositWei, lockedMaxWei: 10n * depositWei, challengeSeconds: file.device.challengeSeconds },
    { environment, key, chain: createChannelChain({ client }), contactOf, nodeOf },
  );
  const taskClient = createTaskClient({ environment, chain: createMatchChain({ client }), contactOf });
  const treadle = createLightTreadlePort({
    environment,
    setup,
    light,
    directory: peering.directory,
    roster: () => roster.now,
    version: platform.version,
    signers: (certificate) => recoverSigners(domain, certificate),
  });
  return new Device({ environment, setup, light, peering, payer, rpc, client, taskClient, treadle, roster, options });
}

interface Parts {
  readonly environment: Environment;
  readonly setup: NodeSetup;
  readonly light: LightClient;
  readonly peering: Peering;
  readonly payer: DevicePayer;
  readonly rpc: RpcCall;
  readonly client: LedgerClient;
  readonly taskClient: TaskClient;
  readonly treadle: TreadlePort;
  readonly roster: LightRoster;
  readonly options: DeviceOptions;
}

class Device implements DeviceNode {
  readonly id: DeviceNode['id'];
  readonly role: DeviceNode['role'];
  readonly name: string;
  readonly company: DeviceNode['company'];
  readonly environment: Environment;
  readonly light: LightClient;
  readonly peering: Peering;
  readonly payer: DevicePayer;
  readonly rpc: RpcCall;
  readonly client: LedgerClient;
  readonly treadle: TreadlePort;
  readonly tasks: TaskRecord[] = [];
  readonly ready: Promise<void>;
  readonly #parts: Parts;
  readonly #state = { stopping: false, quiet: false };
  readonly #readiness = Promise.withResolvers<void>();
  readonly #makeWindow: () => Uint8Array;
  #counts = { requested: 0, completed: 0, failed: 0, vouchers: 0 };
  #underWay = new Set<Promise<unknown>>();
  #timer: Timer | undefined;

  constructor(parts: Parts) {
    const { id, role, name, company } = identity(parts.setup);
    this.id = id;
    this.role = role;
    this.name = name;
    this.company = company;
    this.environment = parts.environment;
    this.light = parts.light;
    this.peering = parts.peering;
    this.payer = parts.payer;
    this.rpc = parts.rpc;
    this.client = parts.client;
    this.treadle = parts.treadle;
    this.ready = this.#readiness.promise;
    // A device may be stopped before anybody waits for it.
    this.ready.catch(() => undefined);
    this.#parts = parts;
    this.#makeWindow = sampleMaker(parts);
  }

  async start(): Promise<void> {
    await this.peering.start();
    void this.#prepare();
  }

  async stop(): Promise<void> {
    this.#state.stopping = true;
    this.#readiness.reject(new TreadleError('NODE_NO_UPSTREAM', { detail: 'the device was stopped before it was ready' }));
    await withDeadline(this.environment, this.quiesce(), STOP_MICROS, 'tasks under way').catch(() => undefined);
    await this.payer.stop();
    await this.peering.stop();
  }

  work(): WorkCounts {
    return this.#counts;
  }

  renewCertificate(certificate: ObserverCertificate): Promise<void> {
    return renewRegistration(this.#parts, certificate);
  }

  async quiesce(): Promise<void> {
    this.#state.quiet = true;
    if (this.#timer !== undefined) this.environment.clock.cancel(this.#timer);
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }

  runTask(order: Partial<Pick<TaskOrder, 'input' | 'mediaType' | 'parameters'>> = {}): Promise<TaskRecord> {
    const task = this.ready.then(() => this.#runAndPay(order));
    this.#underWay.add(task);
    void task.finally(() => this.#underWay.delete(task)).catch(() => undefined);
    return task;
  }

  /** Registration and a funded channel: nothing can be asked for before them. */
  async #prepare(): Promise<void> {
    const { environment, client, peering, roster } = this.#parts;
    await persist(environment, 'a full node', this.#state, () => roster.refresh());
    await persist(environment, 'registration on the ledger', this.#state, () => registerObserver(client, peering.certificate()));
    await persist(environment, 'resuming payments', this.#state, () => this.payer.payer.resume());
    await persist(environment, 'a payment channel to the proxy', this.#state, () =>
      this.payer.payer.ready({ payee: roster.now.proxy, amountWei: this.#settings().maxPriceWei }),
    );
    if (this.#state.stopping) return;
    this.#readiness.resolve();
    environment.log.info('device.ready');
    if (this.#parts.options.periodic !== false) this.#schedule();
  }

  /** The first task comes at a random point of the interval, so that a fleet does not ask in step. */
  #schedule(): void {
    const { environment } = this.#parts;
    const intervalMicros = this.#settings().intervalMicros;
    const offset = environment.random.stream('task schedule').integer(intervalMicros);
    const next = (delayMicros: number): void => {
      this.#timer = environment.clock.set(
        delayMicros,
        () => {
          if (this.#state.quiet || this.#state.stopping) return;
          next(intervalMicros);
          // One task at a time: a device whose results are late does not pile up more.
          if (this.#underWay.size === 0) void this.runTask().catch(() => undefined);
        },
        'next task',
      );
    };
    next(offset);
  }

  async #runAndPay(order: Partial<Pick<TaskOrder, 'input' | 'mediaType' | 'parameters'>>): Promise<TaskRecord> {
    const { environment, taskClient, setup, roster } = this.#parts;
    const settings = this.#settings();
    const atMicros = environment.clock.now();
    this.#counts = { ...this.#counts, requested: this.#counts.requested + 1 };
    let outcome: TaskOutcome | undefined;
    try {
      // Companies come and go, and whoever is the proxy is to be paid.
      await roster.refresh();
      outcome = await taskClient.run({
        service: settings.service,
        mediaType: order.mediaType ?? SAMPLES_MEDIA_TYPE,
        input: order.input ?? this.#makeWindow(),
        ...(order.parameters !== undefined && { parameters: order.parameters }),
        latitudeE6: Math.round(settings.latitude * 1e6),
        longitudeE6: Math.round(settings.longitude * 1e6),
        priceLimitWei: settings.maxPriceWei,
      });
      const paid = await this.#pay(outcome);
      this.#counts = { ...this.#counts, completed: this.#counts.completed + 1 };
      return this.#note({ atMicros, durationMicros: outcome.durationMicros, outcome, paid });
    } catch (error) {
      this.#counts = { ...this.#counts, failed: this.#counts.failed + 1 };
      const code = error instanceof TreadleError ? error.code : 'INTERNAL';
      const detail = error instanceof TreadleError ? error.detail : String(error);
      environment.log.warn('device.task-failed', { code, detail, device: setup.file.name });
      const durationMicros = outcome?.durationMicros ?? environment.clock.now() - atMicros;
      return this.#note({
        atMicros,
        durationMicros,
        ...(outcome !== undefined && { outcome }),
        error: { code, detail },
        paid: false,
      });
    }
  }

  /** Pays for a verified result; a payment that is still on its way goes on without us. */
  async #pay(outcome: TaskOutcome): Promise<boolean> {
    if (outcome.result.status !== 'done') return false;
    const { taskId, match } = outcome;
    const sent = await this.payer.payer.pay({
      payee: this.#parts.roster.now.proxy,
      payment: { taskId, node: match.node, amountWei: match.priceWei },
    });
    if (sent !== undefined) this.#counts = { ...this.#counts, vouchers: this.#counts.vouchers + 1 };
    return sent?.stage === 'delivered';
  }

  #note(record: TaskRecord): TaskRecord {
    this.tasks.push(record);
    if (this.tasks.length > DEVICE_TASKS_KEPT_MAX) this.tasks.shift();
    return record;
  }

  #settings(): {
    readonly service: string;
    readonly latitude: number;
    readonly longitude: number;
    readonly maxPriceWei: bigint;
    readonly intervalMicros: number;
  } {
    const { file } = this.#parts.setup;
    if (file.role !== 'device') throw new TreadleError('NODE_MISCONFIGURED', { detail: `"role" is ${file.role}, not device` });
    const { service, latitude, longitude, maxPriceWei, intervalMs } = file.device;
    return { service, latitude, longitude, maxPriceWei: BigInt(maxPriceWei), intervalMicros: intervalMs * 1000 };
  }
}

/** Makes the device's windows of samples: a synthetic machine in place of a sensor, more or less worn by chance. */
function sampleMaker({ environment, setup }: Parts): () => Uint8Array {
  const { file } = setup;
  if (file.role !== 'device') return () => new Uint8Array();
  const random = environment.random.stream('vibration');
  const severity = random.float() ** 2;
  const source = createVibrationSource({ random, sampleRateHz: file.device.sampleRateHz });
  return () => source.bytes(file.device.windowSamples, severity);
}

/** Full nodes to ask: the own company first, then the others. */
function upstreams(sealers: readonly NodeId[], company: NodeId): readonly NodeId[] {
  return [...sealers].sort((left, right) => Number(right === company) - Number(left === company));
}

/** Waits until the device can be asked. @throws TreadleError NODE_NO_UPSTREAM when it cannot after `micros` */
export async function deviceReady(device: DeviceNode, micros: number): Promise<void> {
  try {
    await withDeadline(device.environment, device.ready, micros, 'a device that is ready');
  } catch (cause) {
    if (!hasCode(cause, 'ENV_DEADLINE')) throw cause;
    throw new TreadleError('NODE_NO_UPSTREAM', { detail: `the device was not ready within ${micros / 1e6} s`, cause });
  }
}
