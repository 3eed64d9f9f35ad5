import type { ProposalKind } from '../contracts/index.ts';
import type { Address } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import { COMPANY_NAME_BYTES_MAX } from '../limits.ts';
import { account } from './identifiers.ts';

/** The options that say what is proposed. */
export interface ProposalChoice {
  readonly add?: string;
  readonly remove?: string;
  readonly replaceProxy?: string;
  readonly reinstate?: string;
  readonly name?: string;
}

/** The one change that the options of `treadle consortium propose` ask for. @throws TreadleError CLI_BAD_OPTION */
export function readChange(options: ProposalChoice): {
  readonly kind: ProposalKind;
  readonly account: Address;
  readonly name?: string;
} {
  const { add, remove, replaceProxy, reinstate, name } = options;
  const wanted = [
    { option: '--add', text: add, kind: 'addCompany' },
    { option: '--remove', text: remove, kind: 'removeCompany' },
    { option: '--replace-proxy', text: replaceProxy, kind: 'replaceProxy' },
    { option: '--reinstate', text: reinstate, kind: 'reinstate' },
  ] as const;
  const [first, ...others] = wanted.filter(({ text }) => text !== undefined);
  if (first?.text === undefined || others.length > 0) {
    throw badOption('exactly one of --add, --remove, --replace-proxy and --reinstate says what is proposed');
  }
  const { kind } = first;
  const subject = account(first.option, first.text);
  if (kind !== 'addCompany') {
    if (name !== undefined) throw badOption('--name goes with --add only');
    return { kind, account: subject };
  }
  const bytes = new TextEncoder().encode(name ?? '').length;
  if (name === undefined || bytes === 0) throw badOption('--add needs --name, the name of the company');
  if (bytes > COMPANY_NAME_BYTES_MAX) throw badOption(`--name has ${bytes} bytes, at most ${COMPANY_NAME_BYTES_MAX} are allowed`);
  return { kind, account: subject, name };
}

function badOption(detail: string): TreadleError {
  return new TreadleError('CLI_BAD_OPTION', { detail });
}
