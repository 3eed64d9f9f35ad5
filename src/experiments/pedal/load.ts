import { encodeFunctionData } from 'viem';
import { jobId, PEDAL_ADDRESS, pedalArtifact } from '../../contracts/index.ts';
import { type Hex, toHex } from '../../crypto/index.ts';
import type { Micros } from '../../environment/index.ts';
import type { World } from '../../environment/sim/index.ts';
import { ORACLE_SIGHT_BYTES_MAX } from '../../limits.ts';
import type { Dice } from '../faults/dice.ts';
import type { Account, Accounts } from './accounts.ts';
import { type PedalScenario, REQUEST_FORMS, type RequestForm, type SourceSettings } from './format/pedal-scenario.ts';
import { SOURCE_DECIMALS, sourceUrl } from './sources.ts';

interface LoadOptions {
  readonly scenario: PedalScenario;
  readonly world: World;
  readonly accounts: Accounts;
  readonly clients: readonly Account[];
  readonly dice: Dice;
  readonly feeWei: bigint;
  /** The most that a result may have. */
  readonly resultBytesMax: number;
}

/** What encryption adds to an answer. */
const SEAL_BYTES = 49;
const utf8 = new TextEncoder();

/** Accounts that ask for outside data, at random times and in every form. */
export class Load {
  readonly #options: LoadOptions;
  /** When each request was sent, by the hash of its transaction. */
  readonly sentAt = new Map<Hex, Micros>();
  /** Requests that never came into a block, by why. */
  readonly refused = new Map<string, number>();
  asked = 0;
  /** Requests that are in no block yet. */
  open = 0;
  #running = false;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
    this.#next();
  }

  stop(): void {
    this.#running = false;
  }

  #next(): void {
    const { world, dice, scenario } = this.#options;
    const pauseMicros = Math.ceil(-Math.log(1 - dice.float()) * (1_000_000 / scenario.load.ratePerSecond));
    world.at(pauseMicros, () => {
      if (!this.#running) return;
      this.#ask();
      this.#next();
    });
  }

  #ask(): void {
    const { world, dice, scenario, accounts, clients, feeWei, resultBytesMax } = this.#options;
    const account = dice.pick(clients);
    const form = drawForm(scenario.load.forms, dice.float());
    const source = dice.pick(scenario.sources.filter((each) => canBeAsked(each, form, resultBytesMax)));
    const sentMicros = world.now;
    this.asked++;
    this.open++;
    const data = requestData(specOf(form, source, account), Math.floor((sentMicros + scenario.load.lifeMicros) / 1e6));
    void accounts.send(account, { to: PEDAL_ADDRESS, data, valueWei: feeWei, gas: 2_000_000n }).then((sent) => {
      this.open--;
      if (sent.state === 'done') this.sentAt.set(sent.receipt.transactionHash, sentMicros);
      else {
        const why = sent.state === 'refused' ? sent.code : sent.reason;
        this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
      }
    });
  }
}

/** Calldata of a request without a callback. */
export function requestData(spec: string, expiresAt: number): Hex {
  const args = [jobId('data'), toHex(utf8.encode(spec)), BigInt(expiresAt), 0] as const;
  return encodeFunctionData({ abi: pedalArtifact.abi, functionName: 'request', args });
}

/** The short form for numbers, as a contract would write it. */
export function numberSpec(source: string): string {
  return `${sourceUrl(source)} $.value number:${SOURCE_DECIMALS}`;
}

function specOf(form: RequestForm, { name }: SourceSettings, { key }: Account): string {
  if (form === 'median') return numberSpec(name);
  const source = { kind: 'http', url: sourceUrl(name) };
  if (form === 'digest') return JSON.stringify({ source, as: 'digest' });
  return JSON.stringify({ source, as: 'text', ...(form === 'encrypted' && { encryptTo: toHex(key.publicKey) }) });
}

function canBeAsked({ says, sizeBytes }: SourceSettings, form: RequestForm, resultBytesMax: number): boolean {
  if (form === 'median') return says === 'number';
  if (says !== 'bytes') return false;
  return form === 'digest' || sizeBytes + SEAL_BYTES <= Math.min(resultBytesMax, ORACLE_SIGHT_BYTES_MAX);
}

function drawForm(forms: PedalScenario['load']['forms'], draw: number): RequestForm {
  let sum = 0;
  for (const form of REQUEST_FORMS) {
    sum += forms[form];
    if (draw < sum) return form;
  }
  return REQUEST_FORMS.find((form) => forms[form] > 0) ?? 'median';
}
