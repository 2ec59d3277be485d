// What the client sees of a page, under Node: its events, and whether it is
// visible.

export function fakePage(t) {
  const page = new EventTarget();
  const document = new EventTarget();
  document.visibilityState = 'visible';
  const names = ['addEventListener', 'removeEventListener'];
  for (const name of names) globalThis[name] = page[name].bind(page);
  globalThis.document = document;
  t.after(() => {
    for (const name of [...names, 'document']) delete globalThis[name];
  });
  return {
    show(visible) {
      document.visibilityState = visible ? 'visible' : 'hidden';
      document.dispatchEvent(new Event('visibilitychange'));
    },
    hide: () => page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true })),
    online: () => page.dispatchEvent(new Event('online')),
    restore: () => page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })),
  };
}
