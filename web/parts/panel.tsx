import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Loaded } from '../load.js';
import type { ApiRequest } from '../request.js';
import { Actions } from './actions.js';

interface Props<Data> {
  title: string;
  /** What the panel shows, when it is there. */
  loaded: Loaded<Data>;
  /** The requests behind it; the first is the one whose CSV is offered. */
  requests: ApiRequest[];
  children: (data: Data) => ComponentChildren;
  isEmpty?: (data: Data) => boolean;
  /** Said when it is empty. */
  empty?: string;
  /** Makes the picture of the panel. */
  png?: ((data: Data) => HTMLCanvasElement | Promise<HTMLCanvasElement>) | undefined;
  /** Controls beside the title. */
  aside?: ComponentChildren;
  isWide?: boolean;
  /** Whether the first request has a CSV; most have. */
  hasCsv?: boolean;
}

/** The frame of a chart or table: its title, what can be done with it, and what to say while there is nothing to show. */
export function Panel<Data>({
  title,
  loaded,
  requests,
  children,
  isEmpty,
  empty,
  png,
  aside,
  isWide,
  hasCsv = true,
}: Props<Data>) {
  const id = useId();
  const { data, error, isLoading, retry } = loaded;
  return (
    <section class={`panel ${isWide ? 'wide' : ''}`} aria-labelledby={id} aria-busy={isLoading}>
      <header>
        <h2 id={id}>{title}</h2>
        <div class="aside">
          {aside}
          <Actions
            title={title}
            requests={requests}
            hasCsv={hasCsv}
            png={png && data !== undefined ? () => png(data) : undefined}
          />
        </div>
      </header>
      {error ? (
        <Failure error={error} retry={retry} />
      ) : data === undefined ? (
        <p class="waiting">Loading …</p>
      ) : isEmpty?.(data) ? (
        <p class="empty">{empty ?? 'Nothing in this range.'}</p>
      ) : (
        <div class={isLoading ? 'stale' : undefined}>
          {children(data)}
          <Notices of={data} />
        </div>
      )}
    </section>
  );
}

/** What the service remarks on an answer. */
export function Notices({ of }: { of: unknown }) {
  const { notices = [] } = of as { notices?: string[] };
  return notices.map((notice) => (
    <p key={notice} class="notice">
      {notice}
    </p>
  ));
}

/** An error, and the way to try again. */
export function Failure({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>{error.message}</p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
