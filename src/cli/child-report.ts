/** What a node process tells the supervisor that started it. */
export interface ChildReport {
  readonly name: string;
  readonly role: string;
  readonly node: string;
  readonly rpcUrl?: string;
  readonly consoleUrl?: string;
  /** Multiaddrs on which the node can be dialled. */
  readonly addresses: readonly string[];
  readonly height?: number;
  /** Where the process seats nodes that have a ledger each: what each of them says of itself. */
  readonly seats?: readonly SeatReport[];
  /** Nodes in the process, where there are several. */
  readonly nodes?: number;
  readonly peers: number;
  readonly tasks?: { readonly requested: number; readonly completed: number; readonly failed: number };
  readonly vouchers?: number;
}

/** One of several nodes with a ledger each in a process. */
export interface SeatReport {
  readonly name: string;
  readonly role: string;
  readonly node: string;
  readonly chainId: number;
  readonly height: number;
  readonly peers: number;
  readonly addresses: readonly string[];
  readonly rpcUrl?: string;
  readonly consoleUrl?: string;
}

/** Sends a report to the supervisor, if there is one. */
export function reportToSupervisor(report: ChildReport): void {
  // A supervisor may be gone before this process has noticed.
  if (process.connected) process.send?.(report, undefined, undefined, () => undefined);
}
