import { useRef, useState } from 'preact/hooks';
import { askCsv } from '../api.js';
import { save, savePicture } from '../download.js';
import { type ApiRequest, curl, target } from '../request.js';
import { Dialog } from './dialog.js';

interface Props {
  title: string;
  requests: ApiRequest[];
  png: (() => HTMLCanvasElement | Promise<HTMLCanvasElement>) | undefined;
}

/** What can be taken away from a panel: the requests behind it, its numbers and its picture. */
export function Actions({ title, requests, png }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [fault, setFault] = useState('');
  const menu = useRef<HTMLDetailsElement>(null);
  const [first] = requests;
  if (first === undefined) return null;

  /** An entry of the menu, which closes it. */
  const act = (work: () => void | Promise<void>) => () => {
    menu.current?.removeAttribute('open');
    setFault('');
    Promise.resolve(work()).catch((error: Error) => setFault(error.message));
  };
  const csv = act(async () => save(await askCsv(first), `${title}.csv`));
  const picture = png && act(async () => savePicture(await png(), title));
  return (
    <>
      {fault && (
        <span role="alert" class="fault">
          {fault}
        </span>
      )}
      <details class="menu" ref={menu} onKeyDown={closeOnEscape} onFocusOut={closeOutside}>
        <summary aria-label={`${title}: take away`}>⋯</summary>
        <div class="entries">
          <button type="button" onClick={act(() => setOpen(true))}>
            Show the request
          </button>
          <button type="button" onClick={csv}>
            Download CSV
          </button>
          {picture && (
            <button type="button" onClick={picture}>
              Download PNG
            </button>
          )}
        </div>
      </details>
      {isOpen && (
        <Dialog title={`The request behind “${title}”`} close={() => setOpen(false)}>
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
      <Copyable label="Address" text={location.origin + target(request)} />
      {request.body && <Copyable label="Body" text={JSON.stringify(request.body, null, 2)} />}
      <Copyable label="curl" text={curl(request)} />
    </>
  );
}

/** A text, and a button that copies it. */
export function Copyable({ label, text }: { label: string; text: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <figure class="copyable">
      <figcaption>
        {label}
        <button type="button" onClick={copy} aria-label={`Copy ${label}`}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}

/** Closes a menu by the Escape key. */
export function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== 'Escape') return;
  const menu = event.currentTarget as HTMLDetailsElement;
  menu.removeAttribute('open');
  menu.querySelector('summary')?.focus();
}

/** Closes a menu that the focus leaves. */
export function closeOutside(event: FocusEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (!menu.contains(event.relatedTarget as Node | null)) menu.removeAttribute('open');
}
