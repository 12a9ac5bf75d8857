// SPDX-License-Identifier: GPL-2.0-or-later
// Whether memory is short: the line below the head.

import { $, bytes, count, el, percent } from './lib.js';

const SOME_MUCH = 0.05, ALL_MUCH = 0.01; // shares of time from which waiting hurts

export function showPressure(account) {
  const now = account.pressure, parts = [];
  const put = (name, value, title, bad = false) => value !== null && parts.push(el('div', { class: bad ? 'bad' : null, title }, el('dt', {}, name), el('dd', {}, value)));
  if (now) {
    const some = now.some_60s, all = now.full_60s, used = now.swap_bytes === null || now.swap_free_bytes === null ? null : now.swap_bytes - now.swap_free_bytes;
    put('available', now.available_bytes === null ? null : `${bytes(now.available_bytes)}, ${percent(now.available_bytes / account.installed_bytes, 0)}`, 'What programs can get without swapping, by the kernel’s estimate', now.available_bytes !== null && now.available_bytes < account.installed_bytes * 0.05);
    put('swap used', used === null ? null : now.swap_bytes ? `${bytes(used)} of ${bytes(now.swap_bytes)}` : 'no swap', 'Swap that is in use');
    put('some wait', some === null ? null : percent(some, 1), 'Share of the last minute in which a task waited for memory', some > SOME_MUCH);
    put('all wait', all === null ? null : percent(all, 1), 'Share of the last minute in which all tasks waited for memory', all > ALL_MUCH);
    put('OOM kills', now.oom_kills === null ? null : count(now.oom_kills), 'Processes killed for want of memory since the boot', now.oom_kills > 0);
    put('stalls', now.allocation_stalls === null ? null : count(now.allocation_stalls), 'Allocations that had to free memory themselves, since the boot');
  }
  $('pressure').hidden = !parts.length;
  $('pressure').replaceChildren(...parts);
}
