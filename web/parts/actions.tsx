import { useState } from 'preact/hooks';
import { askCsv } from '../api.js';
import { base } from '../base.js';
import { save, savePicture } from '../download.js';
import { type ApiRequest, curl, target } from '../request.js';
import { Copyable } from './copyable.js';
import { Dialog } from './dialog.js';
import { Menu } from './menu.js';
import { Share } from './share.js';

interface Props {
  title: string;
  requests: ApiRequest[];
  hasCsv: boolean;
  png: (() => HTMLCanvasElement | Promise<HTMLCanvasElement>) | undefined;
}

/** What can be taken away from a panel: the requests behind it, its numbers and its picture. */
export function Actions({ title, requests, hasCsv, png }: Props) {
  const [open, setOpen] = useState<'request' | 'share' | null>(null);
  const [fault, setFault] = useState('');
  const [first] = requests;
  if (first === undefined) return null;

  /** Does what an entry of the menu says, and tells when that fails. */
  const act = (work: () => void | Promise<void>) => () => {
    setFault('');
    Promise.resolve(work()).catch((error: Error) => setFault(error.message));
  };
  const csv = act(async () => {
    const { file, name } = await askCsv(first);
    save(file, name ?? `${title}.csv`);
  });
  const entries: [label: string, work: () => void][] = [
    ['Show the request', () => setOpen('request')],
    ...(hasCsv
      ? ([
          ['Download CSV', csv],
          ['Share as a CSV link', () => setOpen('share')],
        ] as [string, () => void][])
      : []),
    ...(png ? [['Download PNG', act(async () => savePicture(await png(), title))] as [string, () => void]] : []),
  ];
  return (
    <>
      {fault && (
        <span role="alert" class="fault">
          {fault}
        </span>
      )}
      <Menu face="⋯" label={`${title}: take away`}>
        {(close) =>
          entries.map(([label, work]) => (
            <button
              key={label}
              type="button"
              onClick={() => {
                close();
                work();
              }}
            >
              {label}
            </button>
          ))
        }
      </Menu>
      {open === 'share' && <Share title={title} request={first} close={() => setOpen(null)} />}
      {open === 'request' && (
        <Dialog title={`The request behind “${title}”`} close={() => setOpen(null)}>
          {requests.map((request) => (
            <Recipe key={target(request) + JSON.stringify(request.body)} request={request} />
          ))}
        </Dialog>
      )}
    </>
  );
}

/** A request in the forms that other tools take. */
function Recipe({ request }: { request: ApiRequest }) {
  return (
    <>
      <h3>
        {request.method} {request.path}
      </h3>
      <Copyable label="Address" text={location.origin + base + target(request)} />
      {request.body && <Copyable label="Body" text={JSON.stringify(request.body, null, 2)} />}
      <Copyable label="curl" text={curl(request)} />
    </>
  );
}
