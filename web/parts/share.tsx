import { useState } from 'preact/hooks';
import { ask } from '../api.js';
import { base } from '../base.js';
import { type ApiRequest, target } from '../request.js';
import { hrefOf } from '../state.js';
import { Copyable } from './copyable.js';
import { Dialog } from './dialog.js';

interface Props {
  title: string;
  request: ApiRequest;
  close: () => void;
}

/** Makes an address that answers a report as CSV without a key, for spreadsheets. */
export function Share({ title, request, close }: Props) {
  const [name, setName] = useState(title);
  const [end, setEnd] = useState('');
  const [address, setAddress] = useState('');
  const [fault, setFault] = useState('');

  const make = (event: Event) => {
    event.preventDefault();
    const report = request.body ? { query: request.body } : { report: target(request) };
    const body = { name, ...report, ...(end ? { expires_at: end } : {}) };
    ask<{ path: string }>({ method: 'POST', path: '/v1/links', body }).then(
      ({ path }) => setAddress(location.origin + base + path),
      (error: Error) => setFault(error.message),
    );
  };
  return (
    <Dialog title={`Share “${title}” as a CSV link`} close={close}>
      {address ? (
        <>
          <Copyable label="Address" text={address} />
          <p>
            It cannot be shown again. Paste it where a spreadsheet asks for a CSV address. You can delete it under{' '}
            <a href={hrefOf({ view: 'access' })}>Access</a>.
          </p>
        </>
      ) : (
        <form class="fields" onSubmit={make}>
          <p>
            Whoever has the address reads this report, as your key sees it, until the link is deleted or ends. A range
            such as “Last 30 days” moves with the days.
          </p>
          <label>
            Name
            <input value={name} maxLength={200} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          <label>
            Ends on (never, if empty)
            <input type="date" value={end} onInput={(event) => setEnd(event.currentTarget.value)} />
          </label>
          <button type="submit" class="primary">
            Make the link
          </button>
          <p role="alert" class="fault">
            {fault}
          </p>
        </form>
      )}
    </Dialog>
  );
}
