import type { components } from './schema.js';

export type Problem = components['schemas']['Problem'];

/** A refusal of the service. `status`, `errors` (each with its path) and `request_id` are those of its problem. */
export class ReportsError extends Error {
  readonly status: number;
  readonly errors: Problem['errors'];
  readonly request_id: string | null;
  constructor(status: number, problem: Problem | null) {
    super(problem?.detail ?? `the service answered ${status}`);
    this.name = 'ReportsError';
    this.status = status;
    this.errors = problem?.errors ?? [];
    this.request_id = problem?.request_id ?? null;
  }
}

/** The answer to a call, or its `ReportsError`. */
export function answerOf<Data>(result: { data?: Data; error?: unknown; response: Response }): Data {
  const { data, error, response } = result;
  if (response.ok) return data as Data;
  const isProblem = typeof error === 'object' && error !== null && 'detail' in error;
  throw new ReportsError(response.status, isProblem ? (error as Problem) : null);
}
