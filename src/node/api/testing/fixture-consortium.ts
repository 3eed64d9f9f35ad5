import { type Address, keccak256, keyFrom, type NodeKey, toHex } from '../../../crypto/index.ts';
import type { LedgerView, PeerReport, TreadlePort } from '../../../ledger/index.ts';

/** The members of a fixture's consortium. */
export interface FixtureConsortium {
  readonly proxy: Address;
  readonly companies: readonly { readonly account: Address; readonly name: string }[];
  readonly sealers: readonly Address[];
  readonly nameOf: (address: Address) => string | undefined;
  /** Reports as a node gives them; `change` alters what it says of its consensus. */
  readonly treadle: (ledger: LedgerView) => TreadlePort;
  viewChanges: number;
}

/** The account of a name, the same in every run. */
export function accountOf(name: string): Address {
  return toHex(keccak256(new TextEncoder().encode(name)).subarray(12)) as Address;
}

export function fixtureKey(name: string): NodeKey {
  return keyFrom(keccak256(new TextEncoder().encode(`key of ${name}`)));
}

const COMPANIES = ['Aurora Pumps', 'Baxter Rolling', 'Corvus Robotics', 'Delta Foundry', 'Elm Street Press'];
const CENTRE = accountOf('centre');
const NAMELESS_PEERS = 3;

export function createFixtureConsortium(companyCount: number, edgePeers: readonly Address[]): FixtureConsortium {
  const proxy = accountOf('proxy');
  const companies = COMPANIES.slice(0, companyCount).map((name) => ({ account: accountOf(name), name }));
  const sealers = [proxy, ...companies.map(({ account }) => account)].sort();
  const names = new Map<Address, string>([[CENTRE, 'Centre']]);
  const state = { viewChanges: 2 };
  return {
    proxy,
    companies,
    sealers,
    nameOf: (address) => names.get(address),
    treadle: (ledger) => treadlePort({ proxy, companies, sealers, edgePeers, ledger, state }),
    get viewChanges() {
      return state.viewChanges;
    },
    set viewChanges(count) {
      state.viewChanges = count;
    },
  };
}

interface PortParts {
  readonly proxy: Address;
  readonly companies: FixtureConsortium['companies'];
  readonly sealers: readonly Address[];
  readonly edgePeers: readonly Address[];
  readonly ledger: LedgerView;
  readonly state: { readonly viewChanges: number };
}

function treadlePort({ proxy, companies, sealers, edgePeers, ledger, state }: PortParts): TreadlePort {
  return {
    consensus() {
      const { number, hash } = ledger.head;
      const proposer = sealers[(number + 1) % sealers.length] ?? null;
      const place = { height: number + 1, round: 0, phase: 'preparing' as const, proposer };
      return { ...place, sealers, viewChanges: state.viewChanges, headHash: hash, headNumber: number };
    },
    peers: () => peerReports({ proxy, companies, edgePeers, ledger }),
    membership: async () => ({
      proxy,
      proxySealer: proxy,
      companies: companies.map((company) => ({ ...company, sealer: company.account })),
      sealers,
      quarantined: [],
      evidence: [],
      proposals: [],
    }),
    node: () => ({
      id: proxy,
      role: 'proxy',
      company: proxy,
      name: 'Proxy',
      version: '0.1.0',
      chainId: ledger.chainId,
      genesisHash: `0x${'7e'.repeat(32)}`,
      height: ledger.head.number,
      syncing: false,
    }),
    signers: (certificate) => sealers.slice(0, certificate.signatures.length),
  };
}

function peerReports({
  companies,
  edgePeers,
  ledger,
}: Pick<PortParts, 'proxy' | 'companies' | 'edgePeers' | 'ledger'>): PeerReport[] {
  const { number, timestampMs } = ledger.head;
  const contact = (port: number): readonly string[] => [`/ip4/127.0.0.1/tcp/${port}`];
  const sealers = companies.map(({ account }, at): PeerReport => {
    // The last company is behind, so that every status is seen.
    const late = at === companies.length - 1 ? 40 : 0;
    return {
      node: account,
      role: 'company',
      company: account,
      connected: true,
      addresses: contact(7501 + at),
      height: Math.max(0, number - late),
      since: timestampMs - 3_600_000,
    };
  });
  const edges = edgePeers.map((node, at): PeerReport => {
    const company = companies[at % companies.length]?.account ?? '';
    const connected = at % 5 !== 4;
    return {
      node,
      role: 'edge',
      company,
      connected,
      addresses: contact(7601 + at),
      since: timestampMs - 60_000 * (at + 1),
      ...(connected && { height: number }),
    };
  });
  const devices = Array.from({ length: NAMELESS_PEERS }, (_, at): PeerReport => {
    const company = companies[at % companies.length]?.account ?? '';
    return { node: accountOf(`device ${at}`), role: 'device', company, connected: false, addresses: [], since: 0 };
  });
  const centre: PeerReport = {
    node: CENTRE,
    role: 'centre',
    company: companies[0]?.account ?? '',
    connected: true,
    addresses: contact(7500),
    height: number,
    since: timestampMs - 7_200_000,
  };
  return [...sealers, centre, ...edges, ...devices];
}
