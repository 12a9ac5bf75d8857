// SPDX-License-Identifier: GPL-2.0-or-later
// What the page shows, as its address: the time, the zoom, the comparison, the table. A link holds
// all of it, and every part of the page reads it from here.

const NUMBERS = new Set(['at', 'vs', 'from', 'to', 'span']);
/** Dialogs, of which one is open at most; each has its place in the history of the browser. */
const DIALOGS = ['row', 'cache', 'users'];
const WORDS = ['utc', 'part', 'unit', 'of', 'key', 'tab', 'filter', 'sort', ...DIALOGS];
const listeners = [];

/** Milliseconds since 1970, or null: at: the page's time; vs: the time it is compared with. */
export const view = read();

function read() {
  const words = new URLSearchParams(location.hash.slice(1)), found = {};
  for (const key of [...NUMBERS, ...WORDS]) {
    const text = words.get(key);
    found[key] = text === null || text === '' ? null : NUMBERS.has(key) ? (/^\d{1,15}$/.test(text) ? Number(text) : null) : text;
  }
  return found;
}

function address() {
  const words = new URLSearchParams(Object.entries(view).filter(([, value]) => value !== null)).toString();
  return location.pathname + location.search + (words ? `#${words}` : '');
}

const tell = changed => { for (const listener of listeners) listener(changed); };

/** Changes the view, and calls those who listen with the names of what is different. */
export function show(changes) {
  const changed = new Set();
  for (const [key, value] of Object.entries(changes)) {
    const kept = value ?? null;
    if (view[key] === kept) continue;
    view[key] = NUMBERS.has(key) && kept !== null ? Math.round(kept) : kept;
    changed.add(key);
  }
  if (!changed.size) return;
  if (DIALOGS.some(key => changed.has(key) && view[key] !== null)) history.pushState(null, '', address());
  else history.replaceState(null, '', address());
  tell(changed);
}

/** Opens a dialog; null closes all. */
export const openDialog = (name, value) => show({ ...Object.fromEntries(DIALOGS.map(key => [key, null])), ...(name ? { [name]: value } : {}) });

export const onView = listener => listeners.push(listener);

function follow() {
  const now = read(), changed = new Set(Object.keys(now).filter(key => now[key] !== view[key]));
  Object.assign(view, now);
  if (changed.size) tell(changed);
}
addEventListener('hashchange', follow);
addEventListener('popstate', follow);
