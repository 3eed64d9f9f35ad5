import { BoundedMap } from '../../bounded-map.ts';
import type { Address, Hex } from '../../crypto/index.ts';
import type { Environment } from '../../environment/index.ts';
import { invariant, TreadleError } from '../../errors.ts';
import { PROPOSALS_KEPT_MAX } from '../../limits.ts';
import { ExecutionPace } from '../execution/execution-pace.ts';
import type { Execution, Executor } from '../execution/executor.ts';
import { RECORDS_ADDRESS } from '../execution/precompiles/addresses.ts';
import type { BlockRecord, Certificate, CertificateVerifier, Proposal, ProposalVerdict } from '../ledger.ts';
import type { PayloadCommitment } from '../payload/payload.ts';
import { payloadGas } from '../payload/payload-transaction.ts';
import type { Payloads } from '../payload/payloads.ts';
import type { BodyExchange } from '../peers/body-exchange.ts';
import { decodeTransaction, type SignedTransaction } from '../pool/transaction-codec.ts';
import type { TransactionIntake } from '../pool/transaction-intake.ts';
import { Serial } from '../serial.ts';
import type { AdoptedBlock } from '../snapshot/snapshot-sync.ts';
import type { RoomWaiter } from '../storage/wait-for-room.ts';
import { type DecodedProposal, decodeBlock, decodeProposal, encodeProposal } from './block-codec.ts';
import { executionFault, headerFault, sizeFault } from './block-rules.ts';
import type { ChainHead } from './chain-head.ts';
import { type ChainReader, type ReadBlock, readBlock } from './chain-reader.ts';
import type { ChainStore } from './chain-store.ts';
import { type Header, makeHeader, mixHashAfter } from './header.ts';
import { receiptsOf } from './receipt-codec.ts';
import { transactionsRootOf } from './transactions-root.ts';

export interface BlockPipelineOptions {
  readonly environment: Environment;
  readonly chainId: number;
  readonly executor: Executor;
  readonly store: ChainStore;
  readonly reader: ChainReader;
  readonly head: ChainHead;
  readonly intake: TransactionIntake;
  readonly bodies: BodyExchange;
  readonly payloads: Payloads;
  readonly verifyCertificate: CertificateVerifier;
  readonly room: RoomWaiter;
  /** Called when a block is durable and the pool is settled. */
  readonly onCommitted: (block: ReadBlock) => void;
}

interface Executed {
  readonly header: Header;
  readonly execution: Execution;
}

/** Reasons for which a proposal, not this node, is at fault. */
const PROPOSAL_FAULTS = /^(LEDGER_MALFORMED|LEDGER_BAD_BLOCK|POOL_.*)$/;

/** The way of a block into the chain: proposed or received, executed, compared, made durable. */
export class BlockPipeline {
  private readonly options: BlockPipelineOptions;
  private readonly executed = new BoundedMap<Hex, Executed>(PROPOSALS_KEPT_MAX);
  private readonly serial = new Serial();
  private readonly pace = new ExecutionPace();

  constructor(options: BlockPipelineOptions) {
    this.options = options;
  }

  async propose(wish: { readonly proposer: Address; readonly timestampMs: number }): Promise<Proposal> {
    const { executor, intake, reader, head, environment } = this.options;
    const parent = head.header;
    const timestampMs = Math.max(wish.timestampMs, parent.timestampMs);
    const gasBudget = this.pace.budget();
    const startMicros = environment.clock.now();
    const execution = await executor.execute({
      parent,
      proposer: wish.proposer,
      timestampMs,
      transactions: intake.select(),
      mode: 'select',
      ancestorHash: (number) => reader.hashOf(number),
      ...(gasBudget !== undefined && { gasBudget }),
    });
    await this.charge(execution, startMicros);
    await intake.noteRefused(execution.refused);
    const header = makeHeader({
      ...execution,
      parentHash: parent.hash,
      proposer: wish.proposer,
      number: parent.number + 1,
      gasLimit: parent.gasLimit,
      timestampMs,
      mixHash: mixHashAfter(parent.hash),
    });
    this.executed.set(header.hash, { header, execution });
    return {
      digest: header.hash,
      proposal: encodeProposal(
        header.rlp,
        execution.included.map(({ hash }) => hash),
      ),
    };
  }

  async check(
    proposal: Uint8Array,
    context: { readonly digest: Hex; readonly from: Address; readonly nowMs: number },
  ): Promise<ProposalVerdict> {
    try {
      const decoded = decodeProposal(proposal);
      if (decoded.header.hash !== context.digest)
        return { valid: false, reason: 'its header has another hash than the digest that was signed' };
      const fault = headerFault(decoded.header, this.options.head.header, { nowMs: context.nowMs });
      if (fault !== undefined) return { valid: false, reason: fault };
      const known = this.executed.get(context.digest);
      const transactions = known?.execution.included ?? (await this.collect(decoded.hashes, context.from));
      const tooLarge = sizeFault(transactions);
      if (tooLarge !== undefined) return { valid: false, reason: tooLarge };
      // A sealer votes only for what it holds: bodies come while the block is executed.
      const [executed] = await Promise.all([
        known ?? this.run(decoded.header, transactions),
        this.options.payloads.obtain(payloadsOf(transactions), context.from),
      ]);
      return typeof executed === 'string' ? { valid: false, reason: executed } : { valid: true };
    } catch (error) {
      if (error instanceof TreadleError && PROPOSAL_FAULTS.test(error.code)) return { valid: false, reason: error.detail };
      throw error;
    }
  }

  async commit(agreed: {
    readonly digest: Hex;
    readonly proposal: Uint8Array;
    readonly certificate: Certificate;
  }): Promise<BlockRecord> {
    const decoded = decodeProposal(agreed.proposal);
    const { header } = decoded;
    invariant(header.hash === agreed.digest, 'the agreed digest is the hash of the agreed header');
    const present = await this.alreadyCommitted(header);
    if (present !== undefined) return present;
    const executed = this.executed.get(agreed.digest) ?? (await this.execute(decoded, header.proposer));
    return this.serial.run(async () => {
      const meanwhile = await this.alreadyCommitted(header);
      if (meanwhile !== undefined) return meanwhile;
      this.assertNext(header);
      this.assertCertificate(header, agreed.certificate);
      return this.finish(header, executed, agreed.certificate);
    });
  }

  importBlock(encoded: Uint8Array): Promise<BlockRecord> {
    return this.serial.run(async () => {
      const { header, transactions: raws, certificate } = decodeBlock(encoded);
      this.assertNext(header);
      this.assertCertificate(header, certificate);
      const transactions = this.ownTransactions(header, raws);
      const executed = this.executed.get(header.hash) ?? (await this.run(header, transactions));
      return this.finish(header, executed, certificate);
    });
  }

  /** The header is proved; the bodies that came with it may still be another's. @throws TreadleError LEDGER_BAD_BLOCK */
  private ownTransactions(header: Header, raws: readonly Uint8Array[]): readonly SignedTransaction[] {
    const detail = `block ${header.number} came with transactions that are not its own`;
    try {
      const transactions = raws.map((raw) => decodeTransaction(raw, this.options.chainId));
      if (transactionsRootOf(transactions) === header.transactionsRoot) return transactions;
    } catch (cause) {
      throw new TreadleError('LEDGER_BAD_BLOCK', { detail, cause });
    }
    throw new TreadleError('LEDGER_BAD_BLOCK', { detail });
  }

  /**
   * Makes a block the head whose state was fetched instead of executed. Everything of it is proved by its certificate and
   * by hashes; what lies between the old head and it is not kept here.
   */
  adopt(block: AdoptedBlock): Promise<void> {
    return this.serial.run(async () => {
      const { head, store, payloads, room } = this.options;
      const { header, transactions } = block;
      if (header.number <= head.header.number) return;
      await room.run(`block ${header.number}`, async () => {
        await payloads.refer(payloadsOf(transactions), header.number);
        const floor = { block: header.number, state: header.number };
        await store.append({ ...block, stateOperations: [] }, { floor });
      });
      await this.moveHead(block);
    });
  }

  /** Resolves when no block is being committed. */
  idle(): Promise<void> {
    return this.serial.idle();
  }

  private async alreadyCommitted(header: Header): Promise<BlockRecord | undefined> {
    if (header.number > this.options.head.header.number) return undefined;
    const block = await this.options.reader.block(header.number);
    invariant(block?.header.hash === header.hash, 'a height is agreed on once', { height: header.number, agreed: header.hash });
    return block.record;
  }

  private assertNext(header: Header): void {
    const expected = this.options.head.header.number + 1;
    if (header.number !== expected) {
      const detail = `block ${header.number} came, ${expected} is next`;
      throw new TreadleError('LEDGER_NOT_NEXT', { detail, data: { number: header.number, expected } });
    }
  }

  private assertCertificate(header: Header, certificate: Certificate): void {
    const { verifyCertificate, head } = this.options;
    const fault =
      certificate.digest !== header.hash || certificate.height !== header.number
        ? 'it is for another block'
        : verifyCertificate(certificate, head.header.nextSealers);
    if (fault === undefined) return;
    throw new TreadleError('LEDGER_BAD_CERTIFICATE', {
      detail: `the certificate of block ${header.number} is not valid: ${fault}`,
      data: { number: header.number, hash: header.hash },
    });
  }

  /** Commits what a quorum signed; when it gives another result here, this node stops rather than forks. */
  private async finish(header: Header, executed: Executed | string, certificate: Certificate): Promise<BlockRecord> {
    const fault = typeof executed === 'string' ? executed : headerFault(header, this.options.head.header);
    if (typeof executed === 'string' || fault !== undefined) {
      throw new TreadleError('LEDGER_DIVERGED', {
        detail: `the sealers agreed on block ${header.number}, but ${fault}`,
        data: { number: header.number, hash: header.hash },
      });
    }
    return this.apply(executed, certificate);
  }

  /** Executes a proposal whose header is plausible. A string says why it is not valid. */
  private async execute({ header, hashes }: DecodedProposal, from: Address): Promise<Executed | string> {
    const transactions = await this.collect(hashes, from);
    const tooLarge = sizeFault(transactions);
    return tooLarge ?? this.run(header, transactions);
  }

  private async run(header: Header, transactions: readonly SignedTransaction[]): Promise<Executed | string> {
    const { executor, reader, head, environment } = this.options;
    const startMicros = environment.clock.now();
    const execution = await executor.execute({
      parent: head.header,
      proposer: header.proposer,
      timestampMs: header.timestampMs,
      transactions,
      mode: 'exact',
      ancestorHash: (number) => reader.hashOf(number),
    });
    await this.charge(execution, startMicros);
    const fault = executionFault(header, execution);
    if (fault !== undefined) return fault;
    if (execution.sealersKept !== undefined) {
      environment.log.warn('sealers-kept', { height: header.number, reason: execution.sealersKept });
    }
    const executed = { header, execution };
    this.executed.set(header.hash, executed);
    return executed;
  }

  /** The transactions of these hashes, from the pool and from peers. @throws TreadleError LEDGER_BODIES_MISSING */
  private async collect(hashes: readonly Hex[], from: Address): Promise<readonly SignedTransaction[]> {
    const { intake, bodies, chainId, environment } = this.options;
    const missing = hashes.filter((hash) => intake.pooled(hash) === undefined);
    const fetched = missing.length === 0 ? new Map<Hex, Uint8Array>() : await bodies.fetch(missing, from);
    environment.metrics.count('ledger_bodies_fetched_total', fetched.size);
    let absent = 0;
    const transactions: SignedTransaction[] = [];
    for (const hash of hashes) {
      const body = fetched.get(hash);
      const signed = intake.pooled(hash) ?? (body === undefined ? undefined : decodeTransaction(body, chainId));
      if (signed === undefined) absent += 1;
      else transactions.push(signed);
      if (body !== undefined && signed !== undefined) intake.adopt(signed);
    }
    if (absent > 0) {
      throw new TreadleError('LEDGER_BODIES_MISSING', {
        detail: `${absent} of ${hashes.length} transactions could not be fetched`,
        data: { absent },
      });
    }
    return transactions;
  }

  private async apply({ header, execution }: Executed, certificate: Certificate): Promise<BlockRecord> {
    const { executor, store, head, payloads } = this.options;
    invariant(header.parentHash === head.header.hash, 'a block is appended to its parent');
    const { included: transactions, outcomes } = execution;
    const transactionCount = head.transactionCount + transactions.length;
    const stateOperations = executor.store.stage(execution.nodes);
    await this.options.room.run(`block ${header.number}`, async () => {
      // Before the block: a node that stops in between knows after all which bodies its chain needs.
      await payloads.refer(payloadsOf(transactions), header.number);
      await store.append({ header, certificate, transactions, outcomes, transactionCount, stateOperations });
    });
    return this.moveHead({ header, certificate, transactions, outcomes, transactionCount });
  }

  private async moveHead({ header, certificate, transactions, outcomes, transactionCount }: AdoptedBlock): Promise<BlockRecord> {
    const { head, reader, intake, environment, onCommitted } = this.options;
    head.moveTo(header, transactionCount);
    this.executed.clear();
    const block = readBlock({ header, certificate, transactions, receipts: receiptsOf(outcomes, header) });
    reader.remember(block);
    await intake.settle(transactions, header.number);
    environment.metrics.gauge('ledger_height', header.number);
    environment.metrics.count('ledger_transactions_total', transactions.length);
    onCommitted(block);
    return block.record;
  }

  /** The time that execution takes on this node, also when another node of the process computed it. */
  private async charge(execution: Execution, startMicros: number): Promise<void> {
    // What bodies cost is room on disks and lines, not time here.
    const bodies = payloadsOf(execution.included).reduce((sum, { lengthBytes }) => sum + payloadGas(lengthBytes), 0n);
    const records = recordsGas(execution);
    const units = Number(execution.gasUsed - bodies);
    if (units <= 0) return;
    const { cpu, clock } = this.options.environment;
    // Gas is a price: a record costs a small part of the time that a contract takes for as much of it.
    if (records > 0) cpu.charge({ operation: 'records_gas', units: records });
    await cpu.run({ operation: 'evm_gas', units: Math.max(0, units - records) }, () => undefined);
    this.pace.note(units, clock.now() - startMicros);
  }
}

/** Gas of the transactions that go straight to the records. */
function recordsGas({ included, outcomes }: Execution): number {
  let gas = 0;
  for (const [at, { fields }] of included.entries())
    if (fields.to === RECORDS_ADDRESS) gas += Number(outcomes[at]?.gasUsed ?? 0n);
  return gas;
}

function payloadsOf(transactions: readonly SignedTransaction[]): readonly PayloadCommitment[] {
  return transactions.flatMap(({ payload }) => (payload === undefined ? [] : [payload]));
}
