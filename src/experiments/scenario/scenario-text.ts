import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { TreadleError } from '../../errors.ts';
import { SCENARIO_TEXT_BYTES_MAX } from '../../limits.ts';
import './errors.ts';
import { parseAmount, parseQuantity, QuantityError, type QuantityName } from './quantity.ts';

export type KeyPath = readonly (string | number)[];

/** The text of a scenario with what is needed to say where in it something is wrong. */
export class ScenarioText {
  readonly file: string;
  /** The document as plain values. */
  readonly value: unknown;
  private readonly document: Document;
  private readonly lines: LineCounter;

  /** @throws {@link TreadleError} SCENARIO_NOT_YAML */
  constructor(text: string, file: string) {
    this.file = file;
    this.lines = new LineCounter();
    if (text.length > SCENARIO_TEXT_BYTES_MAX) {
      throw new TreadleError('SCENARIO_NOT_YAML', {
        detail: `${file} has ${text.length} bytes, at most ${SCENARIO_TEXT_BYTES_MAX} are allowed`,
      });
    }
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    const [error] = this.document.errors;
    if (error !== undefined) throw this.notYaml(error.pos[0], error.message, error);
    try {
      this.value = this.document.toJS();
    } catch (cause) {
      throw this.notYaml(0, (cause as Error).message, cause);
    }
  }

  /** The line of the value at a path or, when there is none, of the nearest value around it. From 1. */
  lineOf(path: KeyPath): number {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.document.contents : this.document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.lines.linePos(node.range[0]).line;
    }
    return 1;
  }

  /** The line of a key itself. */
  lineOfKey(path: KeyPath, key: string): number {
    const parent = path.length === 0 ? this.document.contents : this.document.getIn(path, true);
    const pair = isMap(parent)
      ? parent.items.find((item) => String(isNode(item.key) ? item.key.toJSON() : item.key) === key)
      : undefined;
    return isNode(pair?.key) && pair.key.range ? this.lines.linePos(pair.key.range[0]).line : this.lineOf(path);
  }

  /** The error for a value that is missing or wrong. */
  invalid(path: KeyPath, detail: string): TreadleError {
    const line = this.lineOf(path);
    const key = pathText(path);
    return new TreadleError('SCENARIO_INVALID', {
      detail: `${this.file}, line ${line}: ${key === '' ? '' : `${key}: `}${detail}`,
      data: { file: this.file, line, key },
    });
  }

  unknownKey(path: KeyPath, key: string, hint: string): TreadleError {
    const line = this.lineOfKey(path, key);
    const whole = pathText([...path, key]);
    return new TreadleError('SCENARIO_UNKNOWN_KEY', {
      detail: `${this.file}, line ${line}: unknown key "${whole}", ${hint}`,
      data: { file: this.file, line, key: whole },
    });
  }

  /** A quantity in base units. @throws {@link TreadleError} SCENARIO_INVALID */
  quantity(kind: Exclude<QuantityName, 'amount'>, text: string, path: KeyPath): number {
    return this.located(path, () => parseQuantity(kind, text));
  }

  /** An amount in wei. @throws {@link TreadleError} SCENARIO_INVALID */
  amount(text: string, path: KeyPath): bigint {
    return this.located(path, () => parseAmount(text));
  }

  private located<T>(path: KeyPath, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (error instanceof QuantityError) throw this.invalid(path, error.message);
      throw error;
    }
  }

  private notYaml(offset: number, message: string, cause: unknown): TreadleError {
    const { line, col } = this.lines.linePos(offset);
    return new TreadleError('SCENARIO_NOT_YAML', {
      detail: `${this.file}, line ${line}, column ${col}: ${message}`,
      data: { file: this.file, line },
      cause,
    });
  }
}

/** `edge.services[0]` */
export function pathText(path: KeyPath): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${step}`)).join('');
}
