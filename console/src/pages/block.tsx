import type { BlockDetail, CertificateView } from '../../../src/node/api/types.ts';
import { useBlock } from '../api/queries.ts';
import { Answer, Facts, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { Ago, Hash, Who } from '../components/values.tsx';
import { counted, integer } from '../format/text.ts';
import { Link } from '../router.tsx';
import { transactionColumns } from './transaction-columns.tsx';

export function BlockPage({ id }: { readonly id: string }) {
  const { offset, limit } = usePaging();
  const block = useBlock(id, { offset, limit });
  return (
    <Answer query={block} lines={10}>
      {(data) => (
        <>
          <PageHead title={`Block ${integer(data.number)}`} aside={<Neighbours data={data} />}>
            {counted(data.transactions, 'transaction')}, sealed by {data.proposer.name ?? data.proposer.address}.
          </PageHead>
          <Panel title="Header">
            <Header data={data} />
          </Panel>
          {data.certificate === null ? null : (
            <Panel title="Commit certificate">
              <Certificate certificate={data.certificate} />
            </Panel>
          )}
          <Panel title="Transactions" flush>
            <Table
              label="Transactions"
              columns={transactionColumns}
              rows={data.transactionPage.items}
              rowKey={(row) => row.hash}
              empty="This block holds no transaction: it keeps the chain's heartbeat."
            />
            {data.transactionPage.total > data.transactionPage.limit ? (
              <Pager {...data.transactionPage} noun="transactions" />
            ) : null}
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Neighbours({ data }: { readonly data: BlockDetail }) {
  return (
    <div className="page-links">
      {data.number > 0 ? (
        <Link className="button" to={`/blocks/${data.number - 1}`}>
          ‹ {integer(data.number - 1)}
        </Link>
      ) : null}
      {data.confirmations > 1 ? (
        <Link className="button" to={`/blocks/${data.number + 1}`}>
          {integer(data.number + 1)} ›
        </Link>
      ) : null}
    </div>
  );
}

function Header({ data }: { readonly data: BlockDetail }) {
  return (
    <Facts
      items={[
        ['Time', <Ago key="t" timeMs={data.timestampMs} both />],
        ['Sealer', <Who key="s" party={data.proposer} to={`/nodes/${data.proposer.address}`} copy />],
        ['Hash', <Hash key="h" value={data.hash} full />],
        ['Parent', data.number === 0 ? '–' : <Hash key="p" value={data.parentHash} to={`/blocks/${data.parentHash}`} full />],
        ['Gas used', `${integer(Number(data.gasUsed))} of ${integer(Number(data.gasLimit))}`],
        ['Blocks on top', integer(data.confirmations - 1)],
        ['State root', <Hash key="r" value={data.stateRoot} full />],
        ['Transactions root', <Hash key="x" value={data.transactionsRoot} full />],
        ['Receipts root', <Hash key="c" value={data.receiptsRoot} full />],
        ['Next sealers', <PartyList key="n" parties={data.nextSealers} />],
      ]}
    />
  );
}

function Certificate({ certificate }: { readonly certificate: CertificateView }) {
  const { signers, signatures, sealers, quorum } = certificate;
  return (
    <Facts
      items={[
        ['Signatures', `${signatures} of ${sealers} sealers; ${quorum} are needed`],
        ['View', `${certificate.round}${certificate.round === 0 ? '' : ' (the first proposers were passed over)'}`],
        [
          'Signers',
          signers.length === 0 ? (
            <span key="s" className="faint">
              this node keeps no names for them
            </span>
          ) : (
            <PartyList key="s" parties={signers} />
          ),
        ],
        ['Digest', <Hash key="d" value={certificate.digest} full />],
      ]}
    />
  );
}

function PartyList({ parties }: { readonly parties: BlockDetail['nextSealers'] }) {
  return (
    <span className="party-list">
      {parties.map((party) => (
        <Who key={party.address} party={party} to={`/nodes/${party.address}`} />
      ))}
    </span>
  );
}
