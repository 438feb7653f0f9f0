import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { Statement } from '../database/database.js';
import type { BeginSpan } from '../http/spans.js';
import { version } from '../root.js';

export interface Traces {
  begin: BeginSpan;
  onStatement(statement: Statement): void;
  /** Sends what is left, as long as that takes no more than a moment. */
  close(): Promise<void>;
}

/** The packages, which are optional: who wants traces installs them. Their majors are those that run on Node 20. */
export const packages = [
  '@opentelemetry/api@1',
  '@opentelemetry/resources@2',
  '@opentelemetry/sdk-trace-node@2',
  '@opentelemetry/exporter-trace-otlp-http@0.223',
];

/** Milliseconds that the end of the service waits for a collector. */
const PATIENCE = 2_000;
/** Milliseconds between two complaints about a collector. */
const EVERY = 60_000;

type Api = typeof import('@opentelemetry/api');

/**
 * Makes spans of requests and of their statements, and sends them to the collector of OTEL_EXPORTER_OTLP_ENDPOINT; the other
 * variables of OpenTelemetry hold too. Where an SDK was loaded before (`node --import`), that one gets the spans. A span says
 * what kind of request it was and how long it took: no URL, text, person, key or account.
 */
export async function startTraces(warn: (what: string) => void): Promise<Traces> {
  const [api, sdk, exporter, resources] = await load();
  let shutdown = async () => {};
  if (!hasProvider(api)) {
    let told = Number.NEGATIVE_INFINITY;
    const complain = () => {
      if (performance.now() - told < EVERY) return;
      told = performance.now();
      warn('spans could not be sent to the collector of OTEL_EXPORTER_OTLP_ENDPOINT');
    };
    const silent = () => {};
    api.diag.setLogger(
      { error: complain, warn: complain, info: silent, debug: silent, verbose: silent },
      { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    const named = resources.resourceFromAttributes({
      'service.name': 'conversation-reports',
      'service.version': version,
    });
    const detected = resources.detectResources({ detectors: [resources.envDetector] }); // OTEL_SERVICE_NAME and its like
    const provider = new sdk.NodeTracerProvider({
      resource: named.merge(detected),
      spanProcessors: [new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter())],
    });
    provider.register();
    shutdown = () => provider.shutdown();
  }
  return traces(api, api.trace.getTracer('conversation-reports', version), shutdown);
}

async function load() {
  try {
    return await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  } catch (error) {
    throw new Error(
      `OTEL_EXPORTER_OTLP_ENDPOINT needs packages that are not installed: npm install ${packages.join(' ')}`,
      { cause: error },
    );
  }
}

/** Whether somebody has registered a provider before us. */
function hasProvider(api: Api): boolean {
  const provider = api.trace.getTracerProvider() as { getDelegate?(): object };
  const delegate = provider.getDelegate?.() ?? provider;
  return delegate.constructor.name !== 'NoopTracerProvider';
}

function traces(api: Api, tracer: Tracer, shutdown: () => Promise<void>): Traces {
  const { SpanKind, SpanStatusCode } = api;
  const current = new AsyncLocalStorage<{ span: Span; context: Context }>();
  return {
    begin({ id, headers }) {
      const parent = api.propagation.extract(api.ROOT_CONTEXT, headers);
      const attributes = { 'conversation_reports.request_id': id };
      const span = tracer.startSpan('request', { kind: SpanKind.SERVER, attributes }, parent);
      const store = { span, context: api.trace.setSpan(parent, span) };
      return {
        run: (part) => current.run(store, part),
        end({ method, route, status }) {
          span.updateName(`${method} ${route ?? 'unknown'}`);
          span.setAttribute('http.request.method', method);
          if (route !== null) span.setAttribute('http.route', route);
          if (status === null) span.addEvent('aborted by the client');
          else span.setAttribute('http.response.status_code', status);
          if (status !== null && status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    onStatement({ weight, waited, took, isFailed }) {
      const store = current.getStore();
      if (store === undefined) return;
      const now = Date.now();
      const attributes = {
        'db.system.name': 'postgresql',
        'conversation_reports.weight': weight,
        'conversation_reports.waited_ms': Math.round(waited * 10) / 10,
      };
      const startTime = now - took - waited;
      const span = tracer.startSpan(
        `statement ${weight}`,
        { kind: SpanKind.CLIENT, attributes, startTime },
        store.context,
      );
      if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(now);
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, PATIENCE);
      });
      await Promise.race([shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}
