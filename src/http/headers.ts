import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

const forAnswers = Object.entries({
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY', // frame-ancestors for old browsers
});

/**
 * What every answer tells a browser: to run, frame and guess nothing. Strict-Transport-Security is left to whatever ends
 * TLS in front of the service.
 *
 * These few are set by hand: helmet builds itself anew for each request, which a page can afford and a small answer notices.
 */
export function secureAnswers(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, { raw }, done) => {
    for (const [name, value] of forAnswers) raw.setHeader(name, value);
    done();
  });
}

/** What the pages of a part of the service may do besides: load their own files, and ask the service. Nothing inline. */
export async function securePages(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
  });
}
