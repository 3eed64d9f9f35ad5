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
  /** Nodes in the process, where there are several. */
  readonly nodes?: number;
  readonly peers: number;
  readonly tasks?: { readonly requested: number; readonly completed: number; readonly failed: number };
  readonly vouchers?: number;
}

/** Sends a report to the supervisor, if there is one. */
export function reportToSupervisor(report: ChildReport): void {
  // A supervisor may be gone before this process has noticed.
  if (process.connected) process.send?.(report, undefined, undefined, () => undefined);
}
