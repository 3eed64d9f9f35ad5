/** More gas would be needed than the caller gave. */
export class OutOfGas extends Error {
  constructor() {
    super('out of gas');
  }
}

/** Counts the gas of one call. A transaction has at most TRANSACTION_GAS_MAX, so plain numbers are exact. */
export class GasMeter {
  readonly limit: number;
  private left: number;

  constructor(limit: number) {
    this.limit = limit;
    this.left = limit;
  }

  get used(): number {
    return this.limit - this.left;
  }

  /** @throws OutOfGas */
  charge(gas: number): void {
    if (gas > this.left) throw new OutOfGas();
    this.left -= gas;
  }
}
