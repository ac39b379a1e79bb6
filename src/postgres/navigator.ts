/*
 * Import this file for its effect, before `pg`. To find out where it runs, `pg` looks at `navigator`; without one, as in
 * Node.js 20, it makes a `Response`, which compiles a whole HTTP client in every thread. So `navigator` is defined here,
 * as newer versions of Node.js define it.
 */
if (!('navigator' in globalThis)) {
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: `Node.js/${process.versions.node.split('.')[0]}` },
    configurable: true,
    writable: true,
  });
}
