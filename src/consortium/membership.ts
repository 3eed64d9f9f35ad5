import { type ContractFunctionName, decodeFunctionResult, encodeFunctionData } from 'viem';
import { CONSORTIUM_ADDRESS, consortiumArtifact } from '../contracts/index.ts';
import { type Address, fromHex, type Hex, toAddress, toHex } from '../crypto/index.ts';
import type { Admission, Clock, NodeId } from '../environment/index.ts';
import { invariant, TreadleError } from '../errors.ts';
import { OBSERVER_CACHE_ENTRIES_MAX, SEALERS_MAX } from '../limits.ts';
import {
  type AdmissionContext,
  type Candidacy,
  judgeContact,
  judgeHello,
  type ObserverStanding,
  reasonOf,
  shownCertificate,
} from './admission.ts';
import type { SignedContact } from './contact.ts';
import './errors.ts';
import { type CertifiedRole, isObserver, roleOf } from './roles.ts';
import type { Roster } from './roster.ts';
import { WIRE_VERSIONS, type WireVersions } from './wire-versions.ts';

/** The ledger as membership needs it. */
export interface MembershipPort {
  /** Names the newest block; what was read is remembered until it changes. */
  head(): Hex;
  /**
   * Names what the consortium contract holds: while it stays the same, so do the members. Without it they are read anew
   * with every block.
   */
  stored?(): Promise<Hex | undefined>;
  /** Calls a contract at the newest block; rejects when the call fails. */
  read(request: { readonly to: Address; readonly data: Uint8Array }): Promise<Uint8Array>;
}

export interface MembershipOptions {
  readonly port: MembershipPort;
  readonly clock: Clock;
  readonly chainId: number;
  readonly genesisHash: Hex;
  /** Those of this release when absent. */
  readonly wireVersions?: WireVersions;
}

/** Who is in the consortium, and who is let in. */
export interface Membership {
  /** Proxy, companies and sealers as of the newest block. @throws TreadleError CONSORTIUM_READ_FAILED */
  roster(): Promise<Roster>;
  /** What a key that does not seal may become: undefined for a sealer and for a stranger. @throws TreadleError CONSORTIUM_READ_FAILED */
  candidacy(key: Address): Promise<Candidacy | undefined>;
  /** How an observer stands on the ledger. @throws TreadleError CONSORTIUM_READ_FAILED */
  observer(address: Address): Promise<ObserverStanding>;
  /** Judges a peer's hello; never rejects. */
  admitPeer(peer: NodeId, hello: Uint8Array): Promise<Admission>;
  /** The reason to refuse a contact, by the latest roster read; for the directory. */
  judgeContact(contact: SignedContact): string | undefined;
}

/**
 * Membership as a full node knows it: from the Consortium contract.
 *
 * @throws TreadleError CONSORTIUM_READ_FAILED when the contract cannot be read now
 */
export async function createMembership(options: MembershipOptions): Promise<Membership> {
  const membership = new LedgerMembership(options);
  await membership.roster();
  return membership;
}

const STANDINGS = ['unknown', 'active', 'expired', 'revoked', 'company-left'] as const;
const POSITIONS = ['none', 'sealer', 'quarantined', 'successor', 'candidate', 'proxyCandidate'] as const;

class LedgerMembership implements Membership {
  private readonly options: MembershipOptions;
  private rememberedAt: Hex | undefined;
  private reading: Promise<Roster> | undefined;
  private latest: Roster | undefined;
  /** What was read of the members, and what the contract held then. */
  private members: { readonly stored: Hex; readonly roster: Roster } | undefined;
  private observers = new Map<Address, Promise<ObserverStanding>>();
  /** Of the peers that asked to be let in, those that may become sealers. */
  private candidates = new Map<Address, Candidacy>();

  constructor(options: MembershipOptions) {
    this.options = options;
  }

  async roster(): Promise<Roster> {
    this.forgetWhenMoved();
    this.reading ??= forgetOnFailure(this.readRoster(), () => {
      this.reading = undefined;
    });
    this.latest = await this.reading;
    return this.latest;
  }

  async observer(address: Address): Promise<ObserverStanding> {
    this.forgetWhenMoved();
    const known = this.observers.get(address);
    if (known !== undefined) return known;
    if (this.observers.size >= OBSERVER_CACHE_ENTRIES_MAX) this.observers = new Map();
    const cache = this.observers;
    const asked = forgetOnFailure(this.readObserver(address), () => cache.delete(address));
    cache.set(address, asked);
    return asked;
  }

  async admitPeer(peer: NodeId, hello: Uint8Array): Promise<Admission> {
    try {
      const judged = await this.judge(hello, peer);
      if (!judged.admitted || judged.hello === undefined) return judged;
      const reason = await this.revocation(judged.hello.contact);
      return reason === undefined ? { admitted: true } : { admitted: false, reason };
    } catch (error) {
      if (!(error instanceof TreadleError)) throw error;
      return { admitted: false, reason: `the peer cannot be judged now: ${error.message}` };
    }
  }

  async candidacy(key: Address): Promise<Candidacy | undefined> {
    const position = POSITIONS[await this.call('positionOf', [key])];
    if (position === 'candidate' || position === 'proxyCandidate') {
      return { role: position === 'candidate' ? 'company' : 'proxy', account: key };
    }
    if (position !== 'successor') return undefined;
    const account = toAddress(await this.call('accountOf', [key]));
    const { proxy } = await this.roster();
    return { role: account === proxy ? 'proxy' : 'company', account };
  }

  judgeContact(contact: SignedContact): string | undefined {
    invariant(this.latest !== undefined, 'the roster was read when membership was created');
    return judgeContact(contact, this.context(this.latest));
  }

  /** Whoever is not on the roster may be on the way to it, which only the contract knows. */
  private async judge(hello: Uint8Array, peer: NodeId): Promise<ReturnType<typeof judgeHello>> {
    const roster = await this.roster();
    const judged = judgeHello(hello, peer, this.context(roster));
    if (judged.admitted) return judged;
    const candidacy = await this.candidacy(peer);
    if (candidacy === undefined) this.candidates.delete(peer);
    else if (this.candidates.size < SEALERS_MAX) this.candidates.set(peer, candidacy);
    return candidacy === undefined ? judged : judgeHello(hello, peer, this.context(roster));
  }

  private context(roster: Roster): AdmissionContext {
    const { chainId, genesisHash, clock, wireVersions = WIRE_VERSIONS } = this.options;
    const nowSeconds = Math.floor(clock.now() / 1_000_000);
    return { chainId, genesisHash, roster, nowSeconds, wireVersions, candidates: this.candidates };
  }

  /** A revoked certificate shuts out; a later one of the same node, with another serial number, does not. */
  private async revocation(contact: SignedContact): Promise<string | undefined> {
    const shown = shownCertificate(contact);
    if (shown === undefined) return undefined;
    const { standing, serial } = await this.observer(contact.node);
    if (standing !== 'revoked' || serial !== shown.certificate.serial) return undefined;
    return reasonOf(
      'CERTIFICATE_REVOKED',
      `the certificate ${serial.slice(0, 18)}… of ${contact.node} was revoked by ${shown.certificate.company}`,
    );
  }

  private forgetWhenMoved(): void {
    const head = this.options.port.head();
    if (head === this.rememberedAt) return;
    this.rememberedAt = head;
    this.reading = undefined;
    this.observers = new Map();
  }

  private async readRoster(): Promise<Roster> {
    const roster = await this.readMembers();
    // Who may join is asked anew: a candidate may have become a sealer, or its proposal have failed.
    for (const key of [...this.candidates.keys()]) {
      if (POSITIONS[await this.call('positionOf', [key])] === 'none') this.candidates.delete(key);
    }
    return roster;
  }

  /** The members change seldom, blocks come all the time, and the list of the companies is the dearest thing to read. */
  private async readMembers(): Promise<Roster> {
    const stored = await this.stored();
    if (stored !== undefined && this.members?.stored === stored) return this.members.roster;
    const [proxy, companies, sealers] = await Promise.all([
      this.call('proxy', []),
      this.call('companies', [0n, BigInt(SEALERS_MAX)]),
      this.call('sealers', []),
    ]);
    const { sealer: proxySealer } = await this.call('seat', [proxy]);
    const roster: Roster = {
      proxy: toAddress(proxy),
      proxySealer: toAddress(proxySealer),
      companies: companies.map(({ account, name, sealer }) => ({
        account: toAddress(account),
        name,
        sealer: toAddress(sealer),
      })),
      sealers: sealers.map(toAddress),
    };
    // A block may have come in between; what belongs to neither state is not remembered.
    if (stored !== undefined && stored === (await this.stored())) this.members = { stored, roster };
    return roster;
  }

  private async stored(): Promise<Hex | undefined> {
    try {
      return await this.options.port.stored?.();
    } catch (cause) {
      throw new TreadleError('CONSORTIUM_READ_FAILED', { detail: 'the state of the consortium contract cannot be read', cause });
    }
  }

  private async readObserver(address: Address): Promise<ObserverStanding> {
    const view = await this.call('observer', [address]);
    const company = toAddress(view.company);
    return {
      observer: address,
      standing: STANDINGS[view.standing] ?? 'unknown',
      role: observerRoleOf(view.role),
      company: /^0x0+$/.test(company) ? undefined : company,
      expiresAtSeconds: Number(view.expiresAt),
      serial: view.serial,
    };
  }

  private async call<const Name extends ReadName>(functionName: Name, args: ReadArguments[Name]): Promise<ReadResults[Name]> {
    try {
      const data = fromHex(
        encodeFunctionData({ abi: consortiumArtifact.abi, functionName, args } as Parameters<typeof encodeFunctionData>[0]),
      );
      const answer = toHex(await this.options.port.read({ to: CONSORTIUM_ADDRESS, data }));
      return decodeFunctionResult({ abi: consortiumArtifact.abi, functionName, data: answer } as Parameters<
        typeof decodeFunctionResult
      >[0]) as ReadResults[Name];
    } catch (cause) {
      throw new TreadleError('CONSORTIUM_READ_FAILED', {
        detail: `the consortium contract gave no usable answer to ${functionName}()`,
        cause,
      });
    }
  }
}

/** The views of the contract that membership reads. */
interface ReadArguments {
  readonly proxy: readonly [];
  readonly companies: readonly [offset: bigint, limit: bigint];
  readonly sealers: readonly [];
  readonly seat: readonly [account: Address];
  readonly positionOf: readonly [key: Address];
  readonly accountOf: readonly [key: Address];
  readonly observer: readonly [account: Address];
}
type ReadName = keyof ReadArguments & ContractFunctionName<typeof consortiumArtifact.abi, 'view'>;
interface ReadResults {
  readonly proxy: Address;
  readonly companies: readonly { readonly account: Address; readonly name: string; readonly sealer: Address }[];
  readonly seat: { readonly sealer: Address };
  readonly positionOf: number;
  readonly accountOf: Address;
  readonly sealers: readonly Address[];
  readonly observer: {
    readonly company: Address;
    readonly role: number;
    readonly standing: number;
    readonly expiresAt: bigint;
    readonly serial: Hex;
  };
}

/** The role that the ledger has an observer in; undefined when it has none. */
function observerRoleOf(number: number): CertifiedRole | undefined {
  const role = roleOf(number);
  return role !== undefined && isObserver(role) ? role : undefined;
}

/** A failed reading must not be remembered: the next one tries again. */
function forgetOnFailure<T>(reading: Promise<T>, forget: () => void): Promise<T> {
  reading.catch(forget);
  return reading;
}

/** What a device knows: sealers from the headers it follows, companies from its configuration. */
export interface LightMembershipOptions {
  readonly clock: Clock;
  readonly chainId: number;
  readonly genesisHash: Hex;
  readonly roster: () => Roster;
  /** Those of this release when absent. */
  readonly wireVersions?: WireVersions;
}

/**
 * Membership as a light node knows it. It sees no revocations: those are enforced by the sealers and edge nodes that
 * the light node talks to.
 */
export function createLightMembership(options: LightMembershipOptions): Pick<Membership, 'admitPeer' | 'judgeContact'> {
  const context = (): AdmissionContext => ({
    chainId: options.chainId,
    genesisHash: options.genesisHash,
    roster: options.roster(),
    nowSeconds: Math.floor(options.clock.now() / 1_000_000),
    wireVersions: options.wireVersions ?? WIRE_VERSIONS,
  });
  return {
    admitPeer: async (peer, hello) => {
      const judged = judgeHello(hello, peer, context());
      return judged.admitted ? { admitted: true } : judged;
    },
    judgeContact: (contact) => judgeContact(contact, context()),
  };
}
