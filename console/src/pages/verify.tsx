import { type ChangeEvent, useState } from 'react';
import { Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Hash } from '../components/values.tsx';
import { integer } from '../format/text.ts';
import { absoluteTime } from '../format/time.ts';
import type { Checked } from './verify-check.ts';

type Outcome = { readonly checked: Checked } | { readonly failure: string };

/** One reading with its digest, proved here: no node is asked, so none has to be trusted. */
export function VerifyPage() {
  const [bundle, setBundle] = useState('');
  const [genesis, setGenesis] = useState<{ readonly name: string; readonly text: string }>();
  const [outcome, setOutcome] = useState<Outcome>();
  const [checking, setChecking] = useState(false);

  const change = (text: string): void => {
    setBundle(text);
    setOutcome(undefined);
  };
  const check = async (): Promise<void> => {
    setChecking(true);
    // The verifier is fetched when it is first used: most visits never need it.
    const { checkBundle } = await import('./verify-check.ts');
    try {
      setOutcome({ checked: checkBundle(bundle, genesis?.text) });
    } catch (error) {
      setOutcome({ failure: error instanceof Error ? error.message : String(error) });
    }
    setChecking(false);
  };

  return (
    <>
      <PageHead title="Verify a reading">
        The owner of a machine gives out a reading with its proof. Here it is checked in this browser: that the reading is in the
        log, unaltered, and, with the genesis of the consortium, that the log’s digest stands on the ledger. No node is asked.
      </PageHead>
      <Panel title="Proof">
        <div className="verify">
          <label>
            <span>Proof bundle, as `treadle verify --export` writes it</span>
            <input type="file" accept=".json,application/json" onChange={(event) => void fileText(event).then(change)} />
          </label>
          <textarea
            aria-label="Proof bundle"
            placeholder="or its text"
            spellCheck={false}
            rows={8}
            value={bundle}
            onChange={(event) => change(event.target.value)}
          />
          <label>
            <span>genesis.json of the consortium, from somebody you trust (without it nothing is said about the ledger)</span>
            <input
              type="file"
              aria-label="Genesis"
              accept=".json,application/json"
              onChange={(event) => {
                const name = event.target.files?.[0]?.name ?? '';
                setOutcome(undefined);
                void fileText(event).then((text) => setGenesis({ name, text }));
              }}
            />
          </label>
          <button type="button" className="button" disabled={bundle.trim() === '' || checking} onClick={() => void check()}>
            {checking ? 'Checking…' : 'Verify'}
          </button>
        </div>
      </Panel>
      {outcome === undefined ? null : 'failure' in outcome ? (
        <div className="failure panel-after" role="alert">
          <strong>Not proved.</strong> {outcome.failure}
        </div>
      ) : (
        <Proved checked={outcome.checked} />
      )}
    </>
  );
}

async function fileText(event: ChangeEvent<HTMLInputElement>): Promise<string> {
  return (await event.target.files?.[0]?.text()) ?? '';
}

function Proved({ checked: { reading, verdict } }: { readonly checked: Checked }) {
  const { anchored } = verdict;
  return (
    <Panel
      title="Proved"
      aside={
        <span className={anchored === undefined ? 'status status-warn' : 'status status-good'}>
          {anchored === undefined ? 'in the log; the ledger was not checked' : 'in the log, and its digest is on the ledger'}
        </span>
      }
    >
      <div className="answer" data-testid="reading">
        {String(reading.value)}
      </div>
      <Facts
        items={[
          ['Twin', reading.twin],
          ['Metric', reading.metric],
          ['Measured', absoluteTime(reading.timeMs)],
          ['Log', verdict.origin],
          ['Place', `${integer(verdict.index)} of ${integer(verdict.size)}`],
          ['Digest of the reading', <Hash key="l" value={verdict.leaf} full />],
          ['Digest of the log', <Hash key="r" value={verdict.root} full />],
          verdict.continues === undefined ? null : ['Continues', `the checkpoint of ${integer(verdict.continues)} readings`],
          anchored === undefined ? null : ['Put on the ledger by', <Hash key="a" value={anchored.author} full />],
          anchored === undefined
            ? null
            : [
                'On the ledger',
                `since block ${integer(anchored.blockNumber)} at the latest, ${absoluteTime(anchored.timestampMs)}`,
              ],
        ]}
      />
    </Panel>
  );
}
