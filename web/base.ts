/** The path before all others of the service, where a proxy gives it one: the page itself is at that path and a slash. */
export const base = location.pathname.replace(/\/[^/]*$/, '');
