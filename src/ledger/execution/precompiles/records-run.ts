import { equalBytes } from '../../../crypto/index.ts';
import type { BuiltInCall, BuiltInLog, BuiltInOutput, BuiltInPlace, Steps } from './built-in.ts';
import type { GasMeter } from './gas-meter.ts';
import { RECORDS_GAS } from './records-prices.ts';

/** One call of the records contract under way: what it has read, what it would write and say. */
export class RecordsRun {
  readonly author: Uint8Array;
  readonly place: BuiltInPlace;
  private readonly meter: GasMeter;
  private readonly writes = new Map<string, Uint8Array>();
  private readonly logs: BuiltInLog[] = [];

  constructor(call: BuiltInCall, place: BuiltInPlace, meter: GasMeter) {
    this.author = call.caller;
    this.place = place;
    this.meter = meter;
    meter.charge(RECORDS_GAS.call);
  }

  /** Begins one record. @throws OutOfGas */
  begin(): void {
    this.meter.charge(RECORDS_GAS.record);
  }

  /** The value of a slot, without leading zeros. @throws OutOfGas */
  *read(slot: string): Steps<Uint8Array> {
    this.meter.charge(RECORDS_GAS.slotRead);
    const written = this.writes.get(slot);
    if (written !== undefined) return written;
    const stored = this.place.storage.read(slot);
    return stored instanceof Promise ? yield stored : stored;
  }

  /** Writes a slot whose present value was read. @throws OutOfGas */
  write(slot: string, value: Uint8Array, present: Uint8Array): void {
    const stripped = withoutLeadingZeros(value);
    if (equalBytes(stripped, present)) return;
    this.meter.charge(present.length === 0 ? RECORDS_GAS.slotNew : RECORDS_GAS.slotChanged);
    this.writes.set(slot, stripped);
  }

  /** @throws OutOfGas */
  *replace(slot: string, value: Uint8Array): Steps<void> {
    this.write(slot, value, yield* this.read(slot));
  }

  /** @throws OutOfGas */
  log(topics: readonly Uint8Array[], data: Uint8Array): void {
    this.meter.charge(RECORDS_GAS.log + RECORDS_GAS.logTopic * topics.length + RECORDS_GAS.logByte * data.length);
    this.logs.push({ topics, data });
  }

  output(returnData: Uint8Array): BuiltInOutput {
    return { returnData, writes: this.writes, logs: this.logs };
  }
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  let at = 0;
  while (at < value.length && value[at] === 0) at++;
  // A copy: the words of a call share memory with the whole transaction, which would live on with them.
  return value.slice(at);
}
