import { MESSAGE_TYPE } from '../consensus/index.ts';
import { openOperator } from './operator.ts';
import { createOutput } from './output.ts';
import { readAll, readNames } from './read-ledger.ts';

const messageNames: ReadonlyMap<number, string> = new Map(Object.entries(MESSAGE_TYPE).map(([name, number]) => [number, name]));

/** `treadle consortium evidence`: the proofs that sealers signed two different votes, newest first. */
export async function evidence(options: { readonly rpc: string; readonly json?: boolean }): Promise<void> {
  const out = createOutput(options.json === true);
  const { consortium } = await openOperator(options);
  const [records, names] = await Promise.all([readAll((page) => consortium.evidence(page)), readNames(consortium)]);
  if (records.length === 0) out.line('No sealer has ever been proved to contradict itself.');
  else {
    out.table(
      records.map(({ id, account, messageType, height, round, reportedAt, quarantined }) => ({
        number: id,
        of: names.get(account) ?? account,
        signed: `two ${messageNames.get(messageType) ?? messageType} messages`,
        height,
        round,
        'reported in block': reportedAt,
        consequence: quarantined ? 'quarantine' : 'on record only',
      })),
    );
  }
  out.result({ evidence: records });
}
