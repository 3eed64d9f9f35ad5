import { usePending, useTransactions } from '../api/queries.ts';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { ChainPager, Pager, usePaging } from '../components/pager.tsx';
import { Switch } from '../components/switch.tsx';
import { Table } from '../components/table.tsx';
import { setQuery, useLocation } from '../router.tsx';
import { transactionColumns } from './transaction-columns.tsx';

export function TransactionsPage() {
  const { query } = useLocation();
  const pending = query.get('state') === 'pending';
  const choose = (choice: string): void => setQuery({ state: choice === 'pending' ? 'pending' : '', before: '', page: '' });
  const chosen = pending ? 'pending' : 'in blocks';
  const aside = <Switch label="Which transactions" choices={['in blocks', 'pending']} chosen={chosen} onChoose={choose} />;
  return (
    <>
      <PageHead title="Transactions" aside={aside}>
        Newest first. The page of a transaction shows its call, its events and, when it was reverted, why.
      </PageHead>
      <Panel flush>{pending ? <Pending /> : <Committed before={query.get('before') ?? undefined} />}</Panel>
    </>
  );
}

function Committed({ before }: { readonly before: string | undefined }) {
  const { limit } = usePaging();
  const transactions = useTransactions(limit, before);
  return (
    <Answer query={transactions} lines={10}>
      {(data) => (
        <>
          <Table
            label="Transactions"
            columns={transactionColumns}
            rows={data.items}
            rowKey={(row) => row.hash}
            empty="There is no transaction here."
          />
          <ChainPager page={data} limit={limit} noun="transactions" />
        </>
      )}
    </Answer>
  );
}

function Pending() {
  const { offset, limit } = usePaging();
  const transactions = usePending({ offset, limit });
  return (
    <Answer query={transactions} lines={10}>
      {(data) => (
        <>
          <Table
            label="Pending transactions"
            columns={transactionColumns}
            rows={data.items}
            rowKey={(row) => row.hash}
            empty="No transaction waits for a block."
          />
          <Pager {...data} noun="pending transactions" />
        </>
      )}
    </Answer>
  );
}
