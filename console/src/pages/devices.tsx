import type { DeviceRow } from '../../../src/node/api/types.ts';
import { useDevices } from '../api/queries.ts';
import { TextFilter } from '../components/filters.tsx';
import { Answer, PageHead, Panel } from '../components/layout-parts.tsx';
import { Pager, usePaging } from '../components/pager.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Ago, Who } from '../components/values.tsx';
import { integer, latitudeText, longitudeText } from '../format/text.ts';
import { useLocation } from '../router.tsx';

const columns: readonly Column<DeviceRow>[] = [
  { head: 'Device', cell: (row) => <Who party={row} to={`/devices/${row.address}`} copy /> },
  { head: 'Company', cell: (row) => row.company ?? <span className="faint">–</span> },
  {
    head: 'Certificate',
    cell: (row) => (row.registered ? 'registered' : <span className="faint">not on the ledger</span>),
    priority: 4,
  },
  { head: 'Last position', cell: (row) => positionText(row), priority: 3 },
  { head: 'Tasks', cell: (row) => integer(row.requested), right: true },
  { head: 'Completed', cell: (row) => integer(row.completed), right: true, priority: 2 },
  { head: 'Failed', cell: (row) => integer(row.failed), right: true, priority: 2 },
  { head: 'Last active', cell: (row) => <Ago timeMs={row.lastActiveMs} />, priority: 2 },
];

export function positionText(row: { readonly latitude: number | null; readonly longitude: number | null }): string {
  return row.latitude === null || row.longitude === null ? '–' : `${latitudeText(row.latitude)}, ${longitudeText(row.longitude)}`;
}

export function DevicesPage() {
  const { query } = useLocation();
  const { offset, limit } = usePaging();
  const devices = useDevices({ offset, limit, search: query.get('q') ?? '' });
  return (
    <>
      <PageHead
        title="Devices"
        aside={
          <div className="filters">
            <TextFilter label="Find devices" placeholder="Name, company, address" />
          </div>
        }
      >
        Machines that registered with a certificate of their company or have asked for work. A position is where the last request
        came from.
      </PageHead>
      <Panel flush>
        <Answer query={devices} lines={10}>
          {(data) => (
            <>
              <Table
                label="Devices"
                columns={columns}
                rows={data.items}
                rowKey={(row) => row.address}
                empty={query.has('q') ? 'No device fits the filter.' : 'No device is known yet.'}
              />
              <Pager {...data} noun="devices" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
