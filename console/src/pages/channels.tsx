import { useChannels } from '../api/queries.ts';
import { StateFilter, TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { Table } from '../components/table.tsx';
import { useLocation } from '../router.tsx';
import { channelColumns } from './channel-columns.tsx';

export function ChannelsPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const channels = useChannels({ offset, limit, search: query.get('q') ?? '', state: query.get('state') ?? '' });
  const aside = (
    <div className="filters">
      <TextFilter label="Find channels" placeholder="Channel, payer, payee" />
      <StateFilter states={['open', 'closing', 'withdrawable', 'closed']} />
    </div>
  );
  return (
    <>
      <PageHead title="Channels" aside={aside}>
        Deposits out of which tasks are paid by vouchers, off the chain. The chain knows what was claimed; vouchers not yet
        claimed are between payer and payee.
      </PageHead>
      <Panel flush>
        <Answer query={channels} lines={10}>
          {(data) => (
            <>
              <Table
                label="Channels"
                columns={channelColumns}
                rows={data.items}
                rowKey={(row) => row.id}
                empty={query.has('q') || query.has('state') ? 'No channel fits the filter.' : 'No channel was opened yet.'}
              />
              <Pager {...data} noun="channels" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
