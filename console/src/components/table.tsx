import type { ReactNode } from 'react';

export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  /** 1 is always shown; the higher the number, the wider the table must be. */
  readonly priority?: 1 | 2 | 3 | 4 | 5;
  /** Takes what room is left and cuts its text. */
  readonly grow?: boolean;
}

interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly empty: ReactNode;
}

/** A table that drops its less important columns on narrow screens and scrolls in its own box when still too wide. */
export function Table<T>({ label, columns, rows, rowKey, empty }: TableProps<T>) {
  if (rows.length === 0) return <div className="notice notice-empty">{empty}</div>;
  const classOf = (column: Column<T>): string =>
    `${column.right === true ? 'right' : ''} ${column.grow === true ? 'grow' : ''} priority-${column.priority ?? 1}`;
  return (
    <div className="table-box">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" className={classOf(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.head} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
