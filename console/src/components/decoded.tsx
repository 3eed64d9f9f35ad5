import type { DecodedValue } from '../../../src/node/api/types.ts';
import { groupDigits } from '../format/wei.ts';
import { Link } from '../router.tsx';
import { Hash, Wei, Who } from './values.tsx';

/** Arguments of a call or an event: name, type, value. */
export function DecodedValues({ values }: { readonly values: readonly DecodedValue[] }) {
  if (values.length === 0) return <p className="faint">without arguments</p>;
  return (
    <table className="values">
      <tbody>
        {values.map((value, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: arguments have a fixed place, and may lack a name.
          <tr key={`${at}/${value.name}`} className="values-row">
            <td className="values-cell values-name">{value.name === '' ? `#${at}` : value.name}</td>
            <td className="values-cell values-type">
              <code>{value.type}</code>
            </td>
            <td className="values-cell">
              <Value value={value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ value }: { readonly value: DecodedValue }) {
  return typeof value.value === 'string' ? <Scalar value={value} text={value.value} /> : <Nested values={value.value} />;
}

/** A list of plain values stays on one line; structs and lists of lists get a table of their own. */
function Nested({ values }: { readonly values: readonly DecodedValue[] }) {
  if (values.length === 0) return <span className="faint">empty</span>;
  const plain = values.every(
    (item) => typeof item.value === 'string' && item.name === '' && item.party === undefined && item.value.length < 40,
  );
  return plain ? (
    <span className="values-text">{values.map((item) => item.value).join(', ')}</span>
  ) : (
    <DecodedValues values={values} />
  );
}

/** Where a thing of this name has its page. */
const PAGES: Readonly<Record<string, string>> = { taskId: '/tasks/', channelId: '/channels/', nodeId: '/edge-nodes/' };

function Scalar({ value, text }: { readonly value: DecodedValue; readonly text: string }) {
  const page = PAGES[value.name];
  if (value.party !== undefined && value.party.name !== null) return <Who party={value.party} copy />;
  if (/^0x[0-9a-f]{40}$|^0x[0-9a-f]{64}$/i.test(text))
    return <Hash value={text} full {...(page !== undefined && { to: page + text })} />;
  if (page !== undefined && /^\d+$/.test(text)) return <Link to={page + text}>{text}</Link>;
  if (/Wei$/.test(value.name) && /^\d+$/.test(text)) return <ExactWei wei={text} />;
  if (/^bytes/.test(value.type)) return <code className="values-text">{text}</code>;
  return <span className="values-text">{/int\d*$/.test(value.type) ? groupDigits(text) : text}</span>;
}

function ExactWei({ wei }: { readonly wei: string }) {
  return (
    <>
      {groupDigits(wei)}{' '}
      <span className="faint">
        (<Wei wei={wei} />)
      </span>
    </>
  );
}
