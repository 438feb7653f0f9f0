import type { FastifyInstance, RouteOptions } from 'fastify';
import { WrongMethod } from '../errors.js';

/** For a path that has routes, but none for the method of the request: the methods that it has. */
export function methods(app: FastifyInstance): (path: string) => WrongMethod | null {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (url.includes('*')) return; // files
    const pattern = new RegExp(`^${url.replace(/[.+?^$|()[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}/?$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return (path) => {
    const allowed = routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return allowed.length === 0 ? null : new WrongMethod([...new Set(allowed)].sort());
  };
}
