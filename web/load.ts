import { useEffect, useState } from 'preact/hooks';
import { ask, isAbort } from './api.js';
import type { ApiRequest } from './request.js';

/** What is known of an answer. While another is under way, `data` is still that of the former question. */
export interface Loaded<Data> {
  data: Data | undefined;
  error: Error | undefined;
  isLoading: boolean;
  retry: () => void;
}

/** The answer to a request; asked anew when the request changes, which cancels the one under way. Null asks nothing. */
export function useAnswer<Data>(request: ApiRequest | null): Loaded<Data> {
  return useLoad<Data>(request, (signal) => ask<Data>(request as ApiRequest, signal));
}

/** What `load` resolves with; loaded anew when `about`, a value that JSON can tell apart, changes. Null loads nothing. */
export function useLoad<Data>(about: unknown, load: (signal: AbortSignal) => Promise<Data>): Loaded<Data> {
  const [state, setState] = useState<{ data?: Data; error?: Error; of?: string }>({});
  const [attempt, setAttempt] = useState(0);
  const wanted = `${JSON.stringify(about)} ${attempt}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `wanted` stands for what is loaded
  useEffect(() => {
    if (about === null) return;
    const abort = new AbortController();
    load(abort.signal).then(
      (data) => setState({ data, of: wanted }),
      (error) => {
        if (!abort.signal.aborted && !isAbort(error)) setState({ error, of: wanted });
      },
    );
    return () => abort.abort();
  }, [wanted]);
  return {
    data: state.data,
    error: state.of === wanted ? state.error : undefined,
    isLoading: about !== null && state.of !== wanted,
    retry: () => setAttempt(attempt + 1),
  };
}
