// SPDX-License-Identifier: GPL-2.0-or-later
// Who holds a cache or another kind of memory: what the kernel knows already, and a watch of its
// allocations, where this server may start one. Has an address: #users=kmalloc-256.

import { $, bytes, count, el, get, percent } from './lib.js';
import { flameGraph, treeOf } from './flame.js';
import { onView, openDialog, view as page } from './view.js';

const TIMES = [['10s', '10 s'], ['30s', '30 s'], ['1m', '1 min'], ['5m', '5 min'], ['10m', '10 min']];
const SHOWN = 12; // rows of a table
const POLL_MS = 1000;

/** Rows of the account whose allocations can be watched, by the word for it. */
const WATCHED = {
  slab: 'slab', slab_reclaimable: 'slab', slab_unreclaimable: 'slab', vmalloc: 'vmalloc', kernel_stacks: 'kernel_stacks', percpu: 'percpu', direct: 'pages', unattributed: 'pages',
};
const TITLES = { slab: 'slab caches', kernel_stacks: 'kernel stacks', percpu: 'per-CPU memory', pages: 'pages without a counter' };
export const watchedOf = id => WATCHED[id] ?? null;
export const openUsers = what => openDialog('users', what);

let host = null, open = null; // open: what is shown, with what ends when it is closed

const quoted = text => /^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
const capital = text => text[0].toUpperCase() + text.slice(1);
const command = text => el('pre', { class: 'command' }, el('code', {}, text));

/* ---- tables ---- */

const COLUMNS = [
  ['name', 'Function'], ['points_to', 'Points to'], ['object_kind', 'Kind'], ['held_by', 'Held by'], ['what', 'What it is'], ['module', 'Module'], ['callers', 'Called by'],
  ['who', 'For'], ['place', 'Where'], ['held_bytes', 'Held', bytes], ['error', '±', value => percent(value, 1)], ['bytes', 'Memory', bytes], ['share', 'Share', value => percent(value, 1)],
  ['kept', 'Kept', value => percent(value, 0)], ['held_objects', 'Objects', count], ['objects', 'Objects', count], ['count', 'Count', count], ['allocated_bytes', 'Allocated', bytes],
];

function table(title, rows) {
  const columns = COLUMNS.filter(([key]) => rows.some(row => row[key] !== null && row[key] !== undefined)), shown = rows.slice(0, SHOWN);
  return el('section', {}, el('h3', {}, title), el('div', { class: 'scroll' }, el('table', {},
    el('thead', {}, el('tr', {}, ...columns.map(([, head, show]) => el('th', { scope: 'col', class: show ? 'number' : null }, head)))),
    el('tbody', {}, ...shown.map(row => el('tr', {}, ...columns.map(([key, , show], at) => el(at ? 'td' : 'th', { scope: at ? null : 'row', class: show ? 'number' : null },
      show ? show(row[key]) : row[key] ?? '–'))))))),
  rows.length > SHOWN ? el('p', { class: 'note' }, `and ${count(rows.length - SHOWN)} more`) : null);
}

const KNOWN = {
  sites: 'Call sites, by allocation profiling', report: 'Call sites of a memory report', pages: 'Pages, by page_owner', page_stacks: 'Pages, by stacks of page_owner', objects: 'Slab objects, by alloc_traces',
  freed: 'Where objects were last freed', leaks: 'Objects without a pointer, by kmemleak', vmalloc: 'Areas of vmalloc, by caller', object_kinds: 'Objects in memory, by kind',
  object_groups: 'Objects in memory, by what they point to', object_holders: 'Objects in memory, by what points to them',
};

function known(report) {
  const tables = Object.entries(KNOWN).filter(([key]) => report[key]?.length).map(([key, title]) => table(title, report[key]));
  return [...tables, ...(report.notes ?? []).map(note => el('p', { class: 'note' }, note))];
}

/* ---- the watch ---- */

const STAGES = {
  begins: 'reading the kernel’s types', allocations: 'allocations and frees are seen', frees: 'only frees are seen now', ends: 'looking up what is left in memory', done: 'done', failed: 'failed', dropped: 'ended without a result',
};
const runs = watch => watch && !['done', 'failed', 'dropped'].includes(watch.stage);

function showProgress(view, watch, own) {
  const left = Math.ceil(watch.left_ms / 1000), done = watch.whole_ms ? watch.elapsed_ms / watch.whole_ms : 0;
  view.bar.value = Math.min(1, done);
  view.bar.hidden = !watch.whole_ms;
  view.told.textContent = watch.whole_ms
    ? `${watch.what === view.what ? '' : `${watch.what} is watched: `}${left} s left · ${count(watch.samples)} samples · ` : `${watch.what}: `;
  // screen readers hear stages, not each second
  const stage = watch.whole_ms ? STAGES[watch.stage] : 'reading its objects in kernel memory';
  if (view.stage.textContent !== stage) view.stage.textContent = stage;
  view.progress.hidden = false;
  view.form.hidden = true;
  view.stop.hidden = !own || !watch.whole_ms;
  view.foreign.hidden = own;
}

function endProgress(view, problem) {
  view.progress.hidden = true;
  view.form.hidden = !view.may;
  view.problem.textContent = problem ?? '';
  view.problem.hidden = !problem;
}

function download(what, form, ending, title) {
  return el('a', { href: `/api/v1/watch/result?as=${form}`, download: `ktally-${what.replace(/[^\w.-]/g, '_')}.${ending}` }, title);
}

function showWatched(view, report) {
  const watch = report.watch, held = report.profile.some(row => row.held_bytes > 0), place = el('div', { class: 'flame-place' });
  const which = what => el('button', { type: 'button', 'data-what': what, 'aria-pressed': String((held ? 'held' : 'allocated') === what), onclick: event => {
    for (const button of event.target.parentNode.children) button.setAttribute('aria-pressed', String(button === event.target));
    graph.show(treeOf(report.profile, what));
  } }, what === 'held' ? 'Not freed' : 'Allocated');
  const evidence = watch.coverage !== null && watch.coverage >= 0.95;
  view.result.replaceChildren(
    el('p', { class: 'big' }, `${bytes(watch.held_bytes)} ${watch.verified || evidence ? 'not freed' : 'not seen to be freed'}`),
    el('p', {}, `Between ${bytes(watch.held_low_bytes)} and ${bytes(watch.held_high_bytes)}, by ${count(watch.samples)} samples. Allocations were seen for ${Math.round(watch.alloc_ms / 1000)} s, frees for ${Math.round(watch.watch_ms / 1000)} s.`),
    el('p', { class: `coverage${evidence ? '' : ' weak'}` }, `${capital(watch.coverage_text)}.`),
    el('div', { class: 'bar tools' }, el('span', { class: 'group', role: 'group', 'aria-label': 'What the graph shows' }, which('held'), which('allocated')),
      el('span', { class: 'downloads' }, 'Download: ', download(watch.topic, 'flame', 'svg', 'SVG'), ' · ', download(watch.topic, 'folded', 'folded', 'folded'), ' · ',
        download(watch.topic, 'pprof', 'pb', 'pprof'), ' · ', download(watch.topic, 'speedscope', 'speedscope.json', 'speedscope'))),
    place,
    el('p', { class: 'hint' }, 'Callers are above what they call. Click or ', el('kbd', {}, 'Enter'), ' to zoom, ', el('kbd', {}, 'Backspace'), ' to go back, arrows to walk. Orange: the kernel, blue: a module, hatched: in an interrupt, where the process that ran is a bystander.'),
    table('Who allocated, and what was not freed', report.watched), ...(report.notes ?? []).filter(note => note !== watch.coverage_text).map(note => el('p', { class: 'note' }, note)));
  const graph = flameGraph(place, `Flame graph of ${watch.topic}`);
  view.result.hidden = false;
  if (!report.profile.length) place.replaceChildren(el('p', { class: 'note' }, 'Nothing was allocated while it was watched.'));
  else graph.show(treeOf(report.profile, held ? 'held' : 'allocated'));
}

async function showResult(view) {
  const report = await get('watch/result');
  if (view !== open) return;
  if (report.watch && report.watch.topic !== undefined && report.profile) showWatched(view, report);
  else { view.known.replaceChildren(...known(report)); }
}

/** The stream of a watch is one line of JSON for each change; the watch ends with it. */
async function* lines(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n');
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

async function start(view, time) {
  const query = new URLSearchParams(time ? { what: view.what, for: time } : { what: view.what });
  endProgress(view, null);
  view.result.hidden = Boolean(time) || view.result.hidden;
  view.own = new AbortController();
  let last = null;
  try {
    const answer = await fetch(`/api/v1/watch?${query}`, { method: 'POST', headers: { 'X-Ktally-Token': view.token }, signal: view.own.signal });
    if (!answer.ok) throw new Error((await answer.json()).error);
    for await (last of lines(answer)) if (view === open) showProgress(view, last, true);
  } catch (error) {
    if (view.own.signal.aborted) return;
    endProgress(view, error.message);
    return;
  } finally {
    view.own = null;
  }
  endProgress(view, last?.stage === 'done' ? null : last?.why ?? `The watch ${STAGES[last?.stage] ?? 'ended with the connection'}.`);
  if (last?.stage === 'done') await showResult(view).catch(error => endProgress(view, error.message));
  view.again.focus();
}

function stop(view) {
  fetch('/api/v1/watch?stop=1', { method: 'POST', headers: { 'X-Ktally-Token': view.token } }).catch(() => {});
}

/** A watch that another page has started is followed until it ends. */
async function follow(view) {
  while (view === open && !view.own) {
    const { watch } = await get('watch');
    if (view !== open || view.own) return;
    if (!runs(watch)) {
      endProgress(view, null);
      if (watch?.stage === 'done' && watch.what === view.what) await showResult(view);
      return;
    }
    showProgress(view, watch, false);
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

/* ---- the view ---- */

function forbidden(view) {
  if (!host.live) return [el('p', { class: 'note' }, 'This is not the running machine, so nothing can be watched.')];
  return [el('p', {}, 'This server may not watch allocations: it was started without ', el('code', {}, '--allow-watch'), '. As root on this machine, this shows who allocates now, and what is not freed:'),
    command(`ktally users ${quoted(view.what)} --watch 30s`), el('p', { class: 'note' }, 'And this draws it: ', el('code', {}, `ktally users ${quoted(view.what)} --watch 30s -o flame > ktally.svg`))];
}

function build(what) {
  const view = { what, own: null, may: false, token: null };
  const time = el('select', { id: 'users-time' }, ...TIMES.map(([value, title]) => el('option', { value, selected: value === '30s' }, title)));
  view.again = el('button', { type: 'button', class: 'primary', onclick: () => start(view, time.value) }, 'Watch allocations');
  view.look = el('button', { type: 'button', onclick: () => start(view, null) }, 'Look at its objects');
  view.form = el('div', { class: 'watch-form', hidden: true }, el('label', { for: 'users-time' }, 'For '), time, view.again, view.look,
    el('p', { class: 'note' }, 'BPF programs sample who allocates, at most 1 % of a CPU and 8 MiB of kernel memory. The watch ends with its time, or when this view is closed.'));
  view.bar = el('progress', { max: 1, value: 0, 'aria-label': 'Time of the watch' });
  view.told = el('span');
  view.stage = el('span', { role: 'status' });
  view.stop = el('button', { type: 'button', onclick: () => stop(view) }, 'Stop, and show what was seen');
  view.foreign = el('p', { class: 'note' }, 'Another page has started it.');
  view.progress = el('div', { class: 'watch-progress', hidden: true }, view.bar, el('span', {}, view.told, view.stage), view.stop, view.foreign);
  view.problem = el('p', { class: 'note problem', role: 'alert', hidden: true });
  view.result = el('div', { class: 'watched', hidden: true });
  view.known = el('div', {}, el('p', { class: 'note' }, '…'));
  view.not = el('div', {});
  view.look.hidden = Object.values(WATCHED).includes(what);
  $('users').replaceChildren(
    el('form', { method: 'dialog' }, el('h2', { id: 'users-title' }, `Who holds ${TITLES[what] ?? what}`), el('button', { 'aria-label': 'Close', class: 'close' }, '✕')),
    view.not, view.form, view.progress, view.problem, view.result, el('h3', { class: 'known' }, 'Known without a watch'), view.known);
  return view;
}

async function showKnown(view) {
  try {
    const report = await get('users', { what: view.what });
    if (view === open) view.known.replaceChildren(...known(report));
  } catch (error) {
    if (view === open) view.known.replaceChildren(el('p', { class: 'note' }, `${capital(error.message)}.`), host.live && !view.look.hidden ? el('p', { class: 'note' }, 'As root, ', el('code', {}, `ktally users ${quoted(view.what)}`), ' also reads the objects of the cache in kernel memory.') : '');
  }
}

async function show(what) {
  const view = open = build(what);
  $('users').showModal();
  showKnown(view);
  try {
    const state = await get('watch');
    if (view !== open) return;
    view.may = state.may && host.live;
    view.token = state.token;
    view.form.hidden = !view.may;
    view.not.replaceChildren(...view.may ? [] : forbidden(view));
    if (view.may) view.again.focus();
    if (runs(state.watch) || (state.watch?.stage === 'done' && state.watch.what === what)) await follow(view);
  } catch (error) {
    if (view === open) endProgress(view, error.message);
  }
}

function close() {
  open?.own?.abort(); // the watch ends with its stream
  open = null;
}

function go() {
  const what = page.users;
  if (what === (open?.what ?? null)) return;
  if ($('users').open) $('users').close();
  close();
  if (what) show(what);
}

export function startUsers(account) {
  host = account.host;
  onView(changed => changed.has('users') && go());
  $('users').addEventListener('close', () => { close(); if (page.users !== null) openDialog(null); });
  $('users').addEventListener('click', event => { if (event.target === $('users')) $('users').close(); });
  go();
}
