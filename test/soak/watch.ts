/** What requests met, by the fault that struck last, and how long each service took to come back from it. */

export interface Row {
  fault: string;
  struck: number;
  requests: number;
  /** Answers other than 200, by their status; `no answer` are requests that were cut off or waited too long. */
  refused: Record<string, number>;
  /** Milliseconds of the slowest request. */
  slowest: number;
  /** Milliseconds from the end of the fault to the first good answer, and to the first acknowledged batch, of each service. */
  answer: number;
  acknowledged: number;
}

export interface Met {
  service: number;
  kind: 'answer' | 'acknowledged';
  /** Null for a request without an answer. */
  status: number | null;
  ms: number;
}

const empty = (fault: string): Row => ({
  ...{ fault, struck: 0, requests: 0, refused: {}, slowest: 0, answer: 0, acknowledged: 0 },
});

export class Watch {
  readonly rows = new Map<string, Row>();
  readonly #services: number;
  #row = empty('none');
  /** When the fault ended; null while it lasts. */
  #since: number | null = null;
  #awaited = new Set<string>();

  constructor(services: number) {
    this.#services = services;
    this.rows.set('none', this.#row);
  }

  strike(fault: string): void {
    this.#row = this.rows.get(fault) ?? empty(fault);
    this.#row.struck++;
    this.rows.set(fault, this.#row);
    this.#since = null;
    for (let service = 0; service < this.#services; service++) {
      for (const kind of ['answer', 'acknowledged']) this.#awaited.add(`${service} ${kind}`);
    }
  }

  /** What was taken away is given back, or is asked to start again. */
  over(): void {
    this.#since ??= performance.now();
  }

  /** What has not come back yet; empty when all is well. */
  missing = (): string[] => [...this.#awaited];

  note({ service, kind, status, ms }: Met): void {
    const row = this.#row;
    row.requests++;
    row.slowest = Math.max(row.slowest, ms);
    if (status !== 200) {
      const name = String(status ?? 'no answer');
      row.refused[name] = (row.refused[name] ?? 0) + 1;
    } else if (this.#since !== null && this.#awaited.delete(`${service} ${kind}`)) {
      row[kind] = Math.max(row[kind], performance.now() - this.#since);
    }
  }
}
