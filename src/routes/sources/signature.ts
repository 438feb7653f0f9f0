import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

type Signed = (body: Buffer, header: (name: string) => string, secret: string) => { sent: string; made: string };

const hmac = (kind: 'sha1' | 'sha256', secret: string, ...parts: (string | Buffer)[]) => {
  const made = createHmac(kind, secret);
  for (const part of parts) made.update(part);
  return made;
};

/**
 * How each product signs a delivery, as its documentation says. Those that sign a time let a receiver refuse old deliveries; here
 * an old delivery that comes again changes nothing, so its age is not looked at.
 */
const products: Record<string, Signed> = {
  chatwoot: (body, header, secret) => ({
    sent: header('x-chatwoot-signature'),
    made: `sha256=${hmac('sha256', secret, header('x-chatwoot-timestamp'), '.', body).digest('hex')}`,
  }),
  intercom: (body, header, secret) => ({
    sent: header('x-hub-signature'),
    made: `sha1=${hmac('sha1', secret, body).digest('hex')}`,
  }),
  meta: (body, header, secret) => ({
    sent: header('x-hub-signature-256'),
    made: `sha256=${hmac('sha256', secret, body).digest('hex')}`,
  }),
  slack: (body, header, secret) => ({
    sent: header('x-slack-signature'),
    made: `v0=${hmac('sha256', secret, 'v0:', header('x-slack-request-timestamp'), ':', body).digest('hex')}`,
  }),
  zendesk: (body, header, secret) => ({
    sent: header('x-zendesk-webhook-signature'),
    made: hmac('sha256', secret, header('x-zendesk-webhook-signature-timestamp'), body).digest('base64'),
  }),
};

/** The products whose signatures can be checked. */
export const signers: readonly string[] = Object.keys(products);

/** Whether a delivery was signed by a product with this secret. The comparison takes the same time whatever was sent. */
export function isSigned(by: string, secret: string, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const header = (name: string) => [headers[name] ?? ''].flat().join(',');
  const signed = Object.hasOwn(products, by) ? products[by]?.(body, header, secret) : undefined;
  if (signed === undefined) return false;
  const [sent, made] = [Buffer.from(signed.sent), Buffer.from(signed.made)];
  return sent.length === made.length && timingSafeEqual(sent, made);
}
