import { setTimeout as delay } from 'node:timers/promises';
import postgres from '#postgres';
import type { Target } from '../src/database/connect.js';

/** Others take every connection of a server, also those that services have now and lose by it, until it is over. */
export async function hogConnections(target: Exclude<Target, string>, max: number, isOver: () => boolean) {
  const hog = postgres({ ...target, max, backoff: () => 0.05, connection: { application_name: 'hog' } });
  const hold = async () => {
    while (!isOver()) await hog`select pg_sleep(0.5)`.catch(() => delay(20));
  };
  const evict = async () => {
    while (!isOver()) {
      await hog`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'conversation-reports'`.catch(
        () => {},
      );
      await delay(200);
    }
  };
  await Promise.all([evict(), ...Array.from({ length: max }, hold)]);
  await hog.end({ timeout: 1 });
}
