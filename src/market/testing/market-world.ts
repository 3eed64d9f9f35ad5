import { type Address, keccak256, keyFrom, type NodeKey } from '../../crypto/index.ts';
import type { Environment, Micros } from '../../environment/index.ts';
import { createWorld, type World, type WorldOptions } from '../../environment/sim/index.ts';
import { createDevicePayer, type DevicePayer } from '../channel/device-payer.ts';
import { createEdgePayee, type EdgePayee } from '../channel/edge-payee.ts';
import type { PayerPolicy } from '../channel/payer.ts';
import { createProxy, type PaymentProxy } from '../channel/proxy.ts';
import { createMatchReader } from '../ports/index.ts';
import { createServiceRegistry, type Service, vibrationSpectrum } from '../services/index.ts';
import { createCompletions } from '../task/completions.ts';
import { openCreditLedger } from '../task/credit-ledger.ts';
import { createTaskClient, type TaskClient } from '../task/task-client.ts';
import { createTaskServer, type TaskPolicy, type TaskServer } from '../task/task-server.ts';
import { MemoryChain, type NodePorts } from './memory-chain.ts';

/** A node of the test world as it is in its present life. */
interface Life {
  readonly environment: Environment;
  readonly ports: NodePorts;
}

export interface DeviceLife extends Life {
  readonly pay: DevicePayer;
  readonly tasks: TaskClient;
}

export interface ProxyLife extends Life {
  readonly proxy: PaymentProxy;
}

export interface EdgeLife extends Life {
  readonly payee: EdgePayee;
  readonly server: TaskServer;
}

export const SECOND: Micros = 1_000_000;
export const PRICE_WEI = 10n;

/** A key that follows from a name. */
export function testKey(name: string): NodeKey {
  return keyFrom(keccak256(new TextEncoder().encode(name)));
}

const POLICY: PayerPolicy = { depositWei: 100n, topUpWei: 100n, lockedMaxWei: 10_000n, challengeSeconds: 60 };

export interface MarketWorldOptions {
  readonly seed?: number;
  readonly edges?: number;
  readonly devices?: number;
  readonly capacity?: number;
  readonly prices?: readonly bigint[];
  readonly services?: readonly Service[];
  readonly taskPolicy?: TaskPolicy;
  readonly policy?: Partial<PayerPolicy>;
  readonly feeWei?: bigint;
  readonly claimThresholdWei?: bigint;
  readonly links?: NonNullable<WorldOptions['links']>;
  readonly startMicros?: Micros;
  /** Another chain than the one in memory. */
  readonly ports?: (environment: Environment, key: NodeKey) => NodePorts;
}

/** Devices, a proxy and edge nodes on simulated links and disks, with a chain in memory. */
export class MarketWorld {
  readonly world: World;
  readonly chain: MemoryChain;
  readonly proxyKey = testKey('proxy');
  readonly edgeKeys: readonly NodeKey[];
  readonly deviceKeys: readonly NodeKey[];
  proxy!: ProxyLife;
  readonly edges: EdgeLife[] = [];
  readonly devices: DeviceLife[] = [];
  private readonly options: MarketWorldOptions;
  private readonly down = new Set<Address>();

  constructor(options: MarketWorldOptions = {}) {
    this.options = options;
    this.world = createWorld({
      seed: options.seed ?? 1,
      ...(options.links && { links: options.links }),
      ...(options.startMicros && { startMicros: options.startMicros }),
      cpu: { costs: { 'service.vibration.spectrum': 50, slow: 1_000_000 } },
    });
    this.edgeKeys = Array.from({ length: options.edges ?? 2 }, (_, index) => testKey(`edge ${index}`));
    this.deviceKeys = Array.from({ length: options.devices ?? 1 }, (_, index) => testKey(`device ${index}`));
    const services = options.services ?? [vibrationSpectrum];
    this.chain = new MemoryChain(
      this.world,
      this.edgeKeys.map((key, index) => ({
        node: key.address,
        service: (services[0] as Service).name,
        priceWei: options.prices?.[index] ?? PRICE_WEI,
        capacity: options.capacity ?? 4,
        x: 1000 * index,
        y: 0,
      })),
    );
    for (const key of [this.proxyKey, ...this.edgeKeys, ...this.deviceKeys]) this.chain.balances.set(key.address, 1_000_000n);
  }

  async start(): Promise<void> {
    this.proxy = await this.bootProxy(this.world.addNode(this.proxyKey.address));
    for (const key of this.edgeKeys) this.edges.push(await this.bootEdge(this.world.addNode(key.address), key));
    for (const key of this.deviceKeys) this.devices.push(await this.bootDevice(this.world.addNode(key.address), key));
  }

  readonly contactOf = async (node: Address) => ({ node, addresses: [`sim:${node}`] });

  private ports(environment: Environment, key: NodeKey): NodePorts {
    return this.options.ports?.(environment, key) ?? this.chain.ports(environment, key);
  }

  async bootProxy(environment: Environment): Promise<ProxyLife> {
    const ports = this.ports(environment, this.proxyKey);
    const proxy = await this.world.run(
      createProxy(
        {
          ...POLICY,
          claimThresholdWei: this.options.claimThresholdWei ?? 1_000_000n,
          feeWei: this.options.feeWei ?? 0n,
          patienceMicros: 2 * SECOND,
        },
        {
          environment,
          key: this.proxyKey,
          chain: ports.channels,
          matches: createMatchReader(environment.clock, ports.matches),
          contactOf: this.contactOf,
        },
      ),
    );
    await this.open(environment);
    await this.world.run(proxy.resume());
    return { environment, ports, proxy };
  }

  async bootEdge(environment: Environment, key: NodeKey): Promise<EdgeLife> {
    const ports = this.ports(environment, key);
    const matches = createMatchReader(environment.clock, ports.matches);
    const credit = await this.world.run(openCreditLedger(environment.disk));
    const server = createTaskServer(this.options.taskPolicy ?? {}, {
      environment,
      key,
      services: createServiceRegistry(this.options.services ?? [vibrationSpectrum]),
      chain: ports.matches,
      matches,
      credit,
      completions: createCompletions(environment, ports.matches),
    });
    const payee = await this.world.run(
      createEdgePayee(
        { claimThresholdWei: this.options.claimThresholdWei ?? 1_000_000n },
        { environment, key, chain: ports.channels, matches, paid: ({ taskId }) => server.paid(taskId) },
      ),
    );
    await this.open(environment);
    await this.world.run(payee.payee.resume());
    return { environment, ports, payee, server };
  }

  async bootDevice(environment: Environment, key: NodeKey): Promise<DeviceLife> {
    const ports = this.ports(environment, key);
    const policy = { ...POLICY, feeWei: this.options.feeWei ?? 0n, ...this.options.policy };
    const pay = await this.world.run(
      createDevicePayer(policy, { environment, key, chain: ports.channels, contactOf: this.contactOf }),
    );
    const tasks = createTaskClient({ environment, chain: ports.matches, contactOf: this.contactOf });
    await this.open(environment);
    await this.world.run(pay.payer.resume());
    return { environment, ports, pay, tasks };
  }

  /** Takes a node down; `boot*` with `world.restart` brings it back. */
  crash(life: Life, tornTail = false): void {
    life.ports.cut();
    this.world.crash(life.environment.node, { tornTail });
    this.down.add(life.environment.node);
  }

  async restartProxy(): Promise<void> {
    this.proxy = await this.bootProxy(this.world.restart(this.proxyKey.address));
  }

  async restartEdge(index: number): Promise<void> {
    const key = this.edgeKeys[index] as NodeKey;
    this.edges[index] = await this.bootEdge(this.world.restart(key.address), key);
  }

  async restartDevice(index: number): Promise<void> {
    const key = this.deviceKeys[index] as NodeKey;
    this.devices[index] = await this.bootDevice(this.world.restart(key.address), key);
  }

  private async open(environment: Environment): Promise<void> {
    await this.world.run(environment.network.start({ hello: () => new Uint8Array(), admit: () => ({ admitted: true }) }));
  }
}
