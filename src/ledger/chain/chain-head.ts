import type { Header } from './header.ts';

/** Where the chain ends now; changed by committing alone. */
export class ChainHead {
  private current: { readonly header: Header; readonly transactionCount: number };

  constructor(header: Header, transactionCount: number) {
    this.current = { header, transactionCount };
  }

  get header(): Header {
    return this.current.header;
  }

  get transactionCount(): number {
    return this.current.transactionCount;
  }

  moveTo(header: Header, transactionCount: number): void {
    this.current = { header, transactionCount };
  }
}
