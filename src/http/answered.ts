import type { FastifyReply } from 'fastify';

/** Calls back once, when an answer is with the operating system, or (`sent` false) when its client has gone before. */
export function whenAnswered({ raw }: FastifyReply, callback: (sent: boolean) => void): void {
  const finish = () => end(true);
  const close = () => end(false);
  function end(sent: boolean): void {
    raw.off('finish', finish).off('close', close);
    callback(sent);
  }
  raw.on('finish', finish).on('close', close);
}
