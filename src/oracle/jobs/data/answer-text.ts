import { type Hex, toHex } from '../../../crypto/index.ts';
import { RequestRefused } from '../../job.ts';
import { readDataSpec } from './data-spec.ts';
import { fromWord } from './numbers.ts';

/** An answer as people read it. */
export interface AnswerText {
  /** What it is: a form of the job `data`, `outliers` for a median with its details, `sealed` for one that is encrypted, else `bytes`. */
  readonly form: 'number' | 'outliers' | 'text' | 'json' | 'digest' | 'sealed' | 'bytes';
  readonly text: string;
  /** What else it says, by name. */
  readonly more: readonly (readonly [name: string, value: string])[];
}

const WORD_BYTES = 32;

/** The result of a request of a job, as its specification says what it is. Bytes that do not fit are shown as they are. */
export function answerText(job: string, spec: Uint8Array, result: Uint8Array): AnswerText {
  const plain: AnswerText = { form: 'bytes', text: toHex(result), more: [] };
  if (job !== 'data') return plain;
  try {
    const query = readDataSpec(spec);
    if (query.encryptTo !== undefined) {
      return { form: 'sealed', text: toHex(result), more: [['for the key', query.encryptTo]] };
    }
    return openText(query, result) ?? plain;
  } catch (error) {
    if (error instanceof RequestRefused) return plain;
    throw error;
  }
}

/** The same for what was inside a sealed answer. */
export function openedText(spec: Uint8Array, answer: Uint8Array): AnswerText {
  const bytes: AnswerText = { form: 'bytes', text: toHex(answer), more: [] };
  return openText(readDataSpec(spec), answer) ?? bytes;
}

function openText(
  { as, decimals, details }: { readonly as: string; readonly decimals: number; readonly details: boolean },
  result: Uint8Array,
): AnswerText | undefined {
  if (as === 'number' && details) return outliersText(result, decimals);
  if (as === 'number') {
    return result.length === WORD_BYTES ? { form: 'number', text: decimalText(fromWord(result), decimals), more: [] } : undefined;
  }
  if (as === 'digest') return digestText(result);
  const text = utf8(result);
  return text === undefined ? undefined : { form: as === 'json' ? 'json' : 'text', text, more: [] };
}

function outliersText(result: Uint8Array, decimals: number): AnswerText | undefined {
  if (result.length !== 5 * WORD_BYTES) return undefined;
  const [median, answers, outliers, lowest, highest] = [0, 1, 2, 3, 4].map((at) =>
    fromWord(result.subarray(at * WORD_BYTES, (at + 1) * WORD_BYTES)),
  ) as [bigint, bigint, bigint, bigint, bigint];
  return {
    form: 'outliers',
    text: decimalText(median, decimals),
    more: [
      ['answers', String(answers)],
      ['outliers', String(outliers)],
      ['lowest', decimalText(lowest, decimals)],
      ['highest', decimalText(highest, decimals)],
    ],
  };
}

function digestText(result: Uint8Array): AnswerText | undefined {
  if (result.length !== 2 * WORD_BYTES) return undefined;
  const sha256: Hex = toHex(result.subarray(0, WORD_BYTES));
  return { form: 'digest', text: sha256, more: [['bytes', String(fromWord(result.subarray(WORD_BYTES)))]] };
}

/** A whole number of 10^-decimals as a decimal: 2125 with 2 decimals is "21.25". */
export function decimalText(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${value < 0n ? '-' : ''}${whole}${fraction}`;
}

/** The text of a specification or an answer; undefined when the bytes are none. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // Control characters but line breaks and tabs are no text that anybody wrote.
    return /[^\P{Cc}\n\r\t]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
