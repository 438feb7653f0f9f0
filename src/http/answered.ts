import type { FastifyReply } from 'fastify';

/**
 * Calls back once: when the answer was handed to the operating system, or with `sent` false when the client
 * disconnected first.
 */
export function whenAnswered({ raw }: FastifyReply, callback: (sent: boolean) => void): void {
  const finish = () => end(true);
  const close = () => end(false);
  function end(sent: boolean): void {
    raw.off('finish', finish).off('close', close);
    callback(sent);
  }
  raw.on('finish', finish).on('close', close);
}
