// SPDX-License-Identifier: GPL-2.0-or-later
// One row explained: what it is, what is normal here, what this machine's past says, what a rise
// usually means, what to do next. Has an address: #row=slab, #cache=dentry.

import { $, bytes, count, el, exact, get, growth, local, percent, series, span, spark, when } from './lib.js';
import { recorded } from './chart.js';
import { ask } from './then.js';
import { onView, openDialog, show as showView, view } from './view.js';
import { openUsers, watchedOf } from './users.js';

let account = null;

/* What is normal, from how the kernel works: these are reckoned, not guessed. */
const NORMAL = {
  slab: machine => `Caches of files (inodes, directory entries) grow until memory is wanted for something else, so a large reclaimable part is normal on a machine that reads many files. The unreclaimable part follows what runs and should level off.${machine}`,
  slab_reclaimable: machine => `It grows until memory is wanted for something else, then shrinks. Large is normal after walks over many files, backups and builds.${machine}`,
  slab_unreclaimable: machine => `It follows the number of processes, sockets, mounts and cgroups. It should level off while the load is the same; a line that only rises is a leak until shown otherwise.${machine}`,
  vmalloc: (machine, host) => `Tens to a few hundred MiB: modules, BPF programs and maps, per-CPU chunks, firewall tables. Per-CPU chunks multiply by CPUs; here there ${host.cpus === 1 ? 'is 1' : `are ${host.cpus}`}.${machine}`,
  kernel_stacks: machine => `One stack for each thread, 16 KiB on most 64-bit machines: 1000 threads are about 16 MiB.${machine}`,
  page_tables: machine => `About 2 MiB for each GiB that a process has mapped in 4 KiB pages, in each process again; with huge pages almost nothing. Many processes that map one large shared memory pay for it many times.${machine}`,
  percpu: (machine, host) => `Every allocation is there once for each possible CPU (${host.cpus ?? '?'} here are in use), so it grows with CPUs times cgroups, mounts, network devices and BPF maps.${machine}`,
};

function machineText(host) {
  const kind = host.container ? 'a container: the numbers are for the whole machine below it' : host.kind === 'virtual' ? `a virtual machine${host.hypervisor ? ` (${host.hypervisor})` : ''}` : host.kind === 'physical' ? 'a physical machine' : 'a machine';
  return ` This is ${kind}, ${host.cpus ?? '?'} CPUs, ${bytes(account.installed_bytes, 0)}.`;
}

function paragraph(title, text) {
  return text ? el('section', {}, el('h3', {}, title), el('p', {}, text)) : null;
}

function show(title, size, ...parts) {
  const dialog = $('detail');
  dialog.replaceChildren(el('form', { method: 'dialog' }, el('h2', { id: 'detail-title' }, title), el('button', { 'aria-label': 'Close', class: 'close' }, '✕')),
    size ? el('p', { class: 'big' }, size) : '', ...parts.filter(Boolean));
  if (!dialog.open) dialog.showModal();
}

/** Where the value stands in what is kept of the past. */
function pastText(history, id) {
  const values = (series(history, id) ?? []).filter(value => value !== null);
  if (values.length < 2) return 'There is no history of it yet.';
  const sorted = values.slice().sort((a, b) => a - b), now = values.at(-1);
  const higher = sorted.filter(value => value > now).length / sorted.length;
  const before = view.at === null ? 'In the last' : 'In the', time = `${span(history.times_ms.at(-1) - history.times_ms[0])}${view.at === null ? '' : ' before'}`;
  return `${before} ${time} between ${bytes(sorted[0])} and ${bytes(sorted.at(-1))}, half of the time below ${bytes(sorted[sorted.length >> 1])}. ${view.at === null ? 'Now' : 'Then'} ${bytes(now)}: ${higher < 0.01 ? 'the highest in this time' : `higher ${percent(higher, 0)} of the time`}. Change over this time: ${growth(now - values[0])}.`;
}

async function pastSection(args, key) {
  if (args.of && !account.host.live && !recorded()) return null;
  try {
    const history = await get('history', view.at === null ? args : { ...args, from: recorded() ? Math.max(recorded().first_ms, view.at - 7 * 86400e3) : view.at - 3600e3, to: view.at });
    if (history.times_ms.length < 2) return null;
    return el('section', {}, el('h3', {}, 'What this machine’s history says'), spark(series(history, key) ?? [], 480, 64), el('p', {}, pastText(history, key)));
  } catch {
    return null;
  }
}

function table(caption, heads, rows) {
  if (!rows.length) return null;
  return el('section', {}, el('h3', {}, caption), el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ...heads.map(text => el('th', { scope: 'col' }, text)))),
    el('tbody', {}, ...rows.map(cells => el('tr', {}, ...cells.map((text, at) => el(at ? 'td' : 'th', at ? { class: /^[+−]?[\d. ]+ (%|[KMGTPE]?i?B)$/.test(text) ? 'number' : null } : { scope: 'row' }, text))))))));
}

/** To the chart, which then shows this row alone. */
function chartSection(of, key) {
  return el('section', {}, el('button', { type: 'button', class: 'who', id: 'detail-chart', onclick: () => showView({ of, key, row: null, cache: null }) }, 'Show it in the chart'));
}

/** To the view of who holds it; it takes the place of this one. */
function whoSection(what) {
  return what ? el('section', {}, el('button', { type: 'button', class: 'who', onclick: () => openUsers(what) }, 'Who holds it, and who allocates now')) : null;
}

async function showRow(id) {
  const row = await ask('explain', view.at, { row: id });
  const past = await pastSection({ row: row.id }, row.id);
  const normal = NORMAL[row.id]?.(machineText(account.host), account.host);
  const share = row.bytes === null ? '' : `${bytes(row.bytes)} · ${percent(row.bytes / account.installed_bytes)} of memory`;
  show(view.at === null ? row.title : `${row.title} at ${when(view.at)}`, share || 'not known', whoSection(watchedOf(row.id)), paragraph('What it is', row.means), paragraph('What is normal here', normal), past, paragraph('What a rise usually means', row.grows), paragraph('What to do next', row.next),
    table('What it is computed from', ['', 'Term', 'Value', 'From'], (row.terms ?? []).map(term => [term.sign ?? '', term.metric, bytes(term.value), term.from ?? ''])),
    table('What is in it', ['Row', 'Size', 'Share'], (row.children ?? []).filter(child => child.bytes).map(child => [el('a', { href: `#row=${encodeURIComponent(child.id)}`, onclick: event => { event.preventDefault(); openRow(child.id); } }, child.title), bytes(child.bytes), percent(child.share)])));
}

async function showCache(name) {
  const cache = await ask('slab', view.at, { cache: name });
  const past = await pastSection({ of: 'slab', row: name, ...(account.host.live ? {} : { from: recorded()?.first_ms ?? 1 }) }, name), held = (cache.parts ?? []).find(part => part.part === 'held');
  show(`${cache.name ?? name}${view.at === null ? '' : ` at ${when(view.at)}`}`, held ? `${bytes(held.bytes)} · ${count(cache.objects)} objects` : '', chartSection('slab', name), whoSection(name), paragraph('What it is', cache.used_for), past, paragraph('What a rise usually means', cache.grows), paragraph('What to do next', cache.remedy),
    table('Where its memory is', ['Part', 'Size', 'Share', 'How'], (cache.parts ?? []).map(part => [part.part, bytes(part.bytes), percent(part.share), part.how ?? ''])),
    table('How it is laid out', ['', ''], [['slot', exact(cache.slot_bytes)], ['objects in a slab', count(cache.objects_per_slab)], ['pages of a slab', count(cache.pages_per_slab)], ['merged names', cache.aliases ?? '–']]),
    ...(cache.notes ?? []).map(note => el('p', { class: 'note' }, local(note))));
}

export const openRow = id => openDialog('row', id);
export const openCache = name => openDialog('cache', name);

async function follow() {
  const name = view.row ?? view.cache;
  if (name === null) return $('detail').open && $('detail').close();
  try {
    await (view.row !== null ? showRow(name) : showCache(name));
  } catch (error) {
    show('Nothing to show', '', el('p', {}, error.message));
  }
}

export function startDetail(now) {
  account = now;
  onView(changed => (changed.has('row') || changed.has('cache') || (changed.has('at') && $('detail').open)) && follow());
  $('detail').addEventListener('close', () => (view.row !== null || view.cache !== null) && openDialog(null));
  $('detail').addEventListener('click', event => { if (event.target === $('detail')) $('detail').close(); });
  follow();
}
