// SPDX-License-Identifier: GPL-2.0-or-later
// Tables of caches, vmalloc callers, cgroups and rows of the account: sorted, filtered, each row
// with its last minutes and its growth.

import { $, bytes, count, el, get, growth, local, percent, series, spark, waste } from './lib.js';
import { openCache, openRow } from './detail.js';
import { openUsers } from './users.js';
import { historyOf } from './chart.js';
import { ask, compared, joined, keyOf, seen } from './then.js';
import { onView, show, view } from './view.js';

const FIRST = 40; // rows before "show all"
const KEPT = 300; // samples of each row

const size = (key, title) => ({ key, title, number: true, show: row => bytes(row[key]) });
const GROWTH = { key: 'growth', title: 'Growth', number: true, show: row => growth(row.growth), tone: row => row.growth > 0 ? 'up' : row.growth < 0 ? 'down' : null };
const SPARK = { key: 'spark', title: 'Last minutes', spark: true };
const CHART = { key: 'chart', title: 'Course', chart: true };
const BEFORE = { key: 'before_bytes', title: 'Before', number: true, show: row => bytes(row.before_bytes) };
const CHANGE = { key: 'change', title: 'Change', number: true, show: row => row.gone ? `gone, ${growth(row.change)}` : row.fresh ? `new, ${growth(row.change)}` : growth(row.change), tone: row => row.change > 0 ? 'up' : row.change < 0 ? 'down' : null };

/** Whether objects in use are exact, and of which time. */
const objectsMark = slab => slab?.counts === 'exact' ? `, objects counted in kernel memory${slab.counted ? ` at ${local(slab.counted)}` : ''}` : slab?.counts === 'estimate' ? ', objects in use are an estimate' : '';

const LISTS = {
  caches: { title: 'Caches', command: 'slab', rows: 'caches', noun: 'slab caches', columns: [
    { key: 'name', title: 'Cache' }, size('bytes', 'Held'), GROWTH, SPARK, { key: 'waste', title: 'Not in use', number: true, show: row => bytes(row.waste) },
    { key: 'used', title: 'Used', number: true, show: row => percent(row.used, 1) }, { key: 'objects', title: 'Objects', number: true, show: row => count(row.objects) },
    { key: 'who', title: 'Who holds it', users: row => row.name.startsWith('(') ? null : row.name }],
    open: row => row.name.startsWith('(') ? null : () => openCache(row.name),
    fix: row => ({ ...row, waste: waste(row) }), mark: report => objectsMark(report.slab) },
  vmalloc: { title: 'vmalloc', command: 'vmalloc', rows: 'rows', noun: 'callers of vmalloc', columns: [
    { key: 'name', title: 'Caller' }, size('bytes', 'Memory'), GROWTH, SPARK, { key: 'areas', title: 'Areas', number: true, show: row => count(row.areas) },
    { key: 'what', title: 'What it is', show: row => row.what ?? '–' }, { key: 'module', title: 'Module', show: row => row.module ?? '–' },
    { key: 'who', title: 'Who allocates', users: () => 'vmalloc' }] },
  cgroups: { title: 'cgroups', command: 'cgroups', rows: 'cgroups', noun: 'cgroups', columns: [
    { key: 'name', title: 'cgroup' }, size('bytes', 'Kernel memory'), GROWTH, SPARK, size('slab_bytes', 'Slab'), size('current_bytes', 'All memory'),
    { key: 'dying', title: 'Dying', number: true, show: row => count(row.dying) }] },
  stacks: { title: 'Stacks', command: 'stacks', rows: 'stacks', noun: 'kinds of processes', slow: true, columns: [
    { key: 'name', title: 'Processes' }, size('bytes', 'Kernel stacks'), GROWTH, SPARK, { key: 'threads', title: 'Threads', number: true, show: row => count(row.threads) },
    { key: 'processes', title: 'Number', number: true, show: row => count(row.processes) }, { key: 'kind', title: 'Kind', show: row => row.kind ?? '–' }] },
  pagetables: { title: 'Page tables', command: 'pagetables', rows: 'processes', noun: 'kinds of processes', slow: true, columns: [
    { key: 'name', title: 'Processes' }, size('bytes', 'Page tables'), GROWTH, SPARK, size('mapped_bytes', 'Mapped'), { key: 'processes', title: 'Number', number: true, show: row => count(row.processes) }] },
  account: { title: 'Account', command: 'account', rows: 'rows', noun: 'rows of the account', columns: [
    { key: 'title', title: 'Row' }, size('bytes', 'Size'), { key: 'share', title: 'Share', number: true, show: row => percent(row.share) }, GROWTH, SPARK,
    { key: 'quality', title: 'Quality', show: row => row.quality ?? row.state }],
    open: row => () => openRow(row.id), tree: true },
};

const state = { all: false, sort: {}, data: {}, before: {}, past: {}, problem: {}, busy: new Set(), turn: 0, asked: 0 };
const SLOW = 5; // samples between two readings of all processes

const current = () => view.tab in LISTS ? view.tab : 'caches';
const isLive = () => view.at === null && state.host?.live;

/** Changes since the page's start are of now; other times have none, or those of the comparison. */
function columnsOf(spec) {
  if (view.vs !== null) return spec.columns.flatMap(column => column === GROWTH ? [BEFORE, CHANGE] : column === SPARK ? [CHART] : [column]);
  return spec.columns.filter(column => isLive() && !spec.slow || column !== GROWTH).map(column => column === SPARK && (!isLive() || spec.slow) ? CHART : column);
}

/** A filter with * or ? is a pattern, as on the command line. */
function matches(row, filter) {
  const pattern = /[*?]/.test(filter) ? new RegExp(`^${filter.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`) : null;
  return Object.values(row).some(value => typeof value === 'string' && (pattern ? pattern.test(value.toLowerCase()) : value.toLowerCase().includes(filter)));
}

/** The account has an order of its own; a comparison begins with the largest change. */
const sortOf = name => state.sort[name] ?? (view.vs !== null ? { key: 'change', down: true, size: true } : LISTS[name].tree ? null : { key: 'bytes', down: true });

function rowsOf(name) {
  const spec = LISTS[name], filter = $('filter').value.trim().toLowerCase(), sort = sortOf(name);
  let rows = state.data[name]?.[spec.rows] ?? [];
  if (view.vs !== null) rows = joined(spec.command, rows, state.before[name]?.[spec.rows] ?? []);
  rows = rows.map(row => row.gone ? row : (spec.fix ?? (same => same))(row));
  rows = rows.filter(row => view.vs !== null ? row.change || filter : name === 'account' ? row.bytes !== null : row.bytes !== 0 || filter);
  if (filter) rows = rows.filter(row => matches(row, filter));
  if (!sort) return rows;
  const way = sort.down ? -1 : 1;
  return rows.slice().sort((a, b) => {
    const x = a[sort.key], y = b[sort.key];
    if (x === null || x === undefined) return 1; // missing is never the smallest nor the largest
    if (y === null || y === undefined) return -1;
    if (sort.size) return (Math.abs(x) - Math.abs(y)) * way;
    return (typeof x === 'string' ? x.localeCompare(y) : x - y) * way;
  });
}

function valuesOf(name, row) {
  if (name === 'account') return historyOf(row.id).values.slice(-300);
  return state.past[name]?.get(keyOf(LISTS[name].command, row)) ?? [];
}

function depth(row) {
  let steps = 0;
  const rows = state.data.account?.rows ?? [];
  for (let id = row.parent; id; id = rows.find(other => other.id === id)?.parent) steps++;
  return steps;
}

function cell(name, spec, column, row, first) {
  if (column.spark || column.chart) return el('td', { class: 'spark-cell' }, row.name?.startsWith('(') ? column.spark ? spark(valuesOf(name, row)) : '' : el('button', { type: 'button', class: 'link', title: 'Show it in the chart', 'aria-label': `chart of ${row.name ?? row.title}`, onclick: () => chart(name, row) }, column.spark ? spark(valuesOf(name, row)) : 'Chart'));
  if (column.users) {
    const what = column.users(row);
    return el('td', {}, what ? el('button', { type: 'button', class: 'link', 'aria-label': `who holds ${row.name}`, onclick: () => openUsers(what) }, 'Who?') : '');
  }
  const text = column.show ? column.show(row) : row[column.key] ?? '–';
  if (!first) return el('td', { class: [column.number ? 'number' : '', column.tone?.(row) ?? ''].join(' ').trim() }, text);
  const open = spec.open?.(row), indent = spec.tree && !state.sort[name] ? { style: { paddingLeft: `${0.5 + depth(row) * 1.1}rem` } } : {};
  return el('th', { scope: 'row', ...indent }, open ? el('button', { type: 'button', class: 'link', onclick: open }, text) : text);
}

/** A row of the account has its parent's stack; others have a chart of their own. */
function chart(name, row) {
  if (name !== 'account') show({ of: LISTS[name].command, key: keyOf(LISTS[name].command, row) });
  else openRow(row.id);
  if (name !== 'account') $('chart').closest('section').scrollIntoView({ block: 'nearest' });
}

function head(name, spec) {
  const sort = sortOf(name);
  return el('thead', {}, el('tr', {}, ...columnsOf(spec).map(column => {
    const on = sort?.key === column.key, props = { scope: 'col', class: column.number ? 'number' : null, 'aria-sort': on ? (sort.down ? 'descending' : 'ascending') : 'none' };
    if (column.spark || column.chart || column.users) return el('th', { scope: 'col' }, column.title);
    return el('th', props, el('button', { type: 'button', 'data-sort': column.key, title: column.key === 'growth' ? 'since the first request for the list, or as far back as the chart reaches' : null, onclick: () => sortBy(name, column) }, column.title, el('span', { class: 'way', 'aria-hidden': 'true' }, on ? (sort.down ? ' ↓' : ' ↑') : '')));
  })));
}

function sortBy(name, column) {
  const now = sortOf(name);
  state.sort[name] = { key: column.key, down: now?.key === column.key ? !now.down : Boolean(column.number) };
  drawTable();
  document.querySelector(`[data-sort="${column.key}"]`)?.focus();
}

export function drawTable() {
  const name = current(), spec = LISTS[name], rows = rowsOf(name), shown = state.all ? rows : rows.slice(0, FIRST);
  const had = document.activeElement?.closest?.('#list') ? { sort: document.activeElement.dataset.sort, text: document.activeElement.textContent } : null;
  const sum = rows.reduce((total, row) => total + ((view.vs === null ? row.bytes : row.change) ?? 0), 0);
  $('summary').textContent = state.problem[name] ?? `${count(rows.length)} ${spec.noun}${view.vs === null ? '' : ' that changed'}${spec.tree ? '' : `, ${view.vs === null ? bytes(sum) : growth(sum)}`}${$('filter').value ? ' that match' : ''}${spec.mark && state.data[name] ? spec.mark(state.data[name]) : ''}`;
  $('list').replaceChildren(el('caption', {}, spec.title), head(name, spec),
    el('tbody', {}, ...shown.map(row => el('tr', { 'data-name': row.name ?? row.id, class: row.gone ? 'gone' : null }, ...columnsOf(spec).map((column, at) => cell(name, spec, column, row, at === 0))))));
  $('more').hidden = shown.length === rows.length;
  $('more').textContent = `Show all ${rows.length}`;
  if (had) [...$('list').querySelectorAll('button')].find(button => had.sort ? button.dataset.sort === had.sort : button.textContent === had.text)?.focus();
}

/** The past is asked for once, and then goes on here. */
async function pastOf(spec) {
  const past = await get('history', { of: spec.command }).catch(() => null);
  return new Map(past ? Object.keys(past.rows).map(key => [key, series(past, key).slice()]) : []);
}

function remember(name, spec) {
  const past = state.past[name], now = new Map(state.data[name][spec.rows].map(row => [keyOf(spec.command, row), row.bytes]));
  const before = Math.max(0, ...[...past.values()].map(values => values.length));
  for (const key of now.keys()) if (!past.has(key)) past.set(key, new Array(before).fill(null));
  for (const [key, values] of past) {
    values.push(now.get(key) ?? null);
    if (values.length > KEPT) values.shift();
    if (values.every(value => value === null)) past.delete(key);
  }
}

export async function refreshTable() {
  const name = current(), spec = LISTS[name], { at, vs } = view, turn = at === null && vs === null ? 0 : ++state.asked;
  if (document.hidden || (!turn && state.busy.has(name)) || (!turn && spec.slow && state.data[name]?.at === null && state.turn++ % SLOW)) return;
  state.busy.add(name);
  try {
    const [now, before] = name === 'account' ? [seen(), compared()] : await Promise.all([ask(spec.command, at), vs === null ? null : ask(spec.command, vs)]);
    if (view.at !== at || view.vs !== vs) return;
    state.data[name] = name === 'account' ? now : { ...now, at };
    state.before[name] = before;
    if (name !== 'account' && isLive() && !spec.slow) {
      if (state.past[name] === undefined) state.past[name] = await pastOf(spec);
      else remember(name, spec);
    }
    state.problem[name] = null;
  } catch (error) {
    if (view.at !== at || view.vs !== vs) return;
    state.data[name] = null;
    state.problem[name] = error.message;
  } finally {
    state.busy.delete(name);
  }
  drawTable();
}

/** A new account: of the next sample, or of another time. */
export function tableAccount(account) {
  state.data.account = account;
  state.before.account = compared();
  if (current() === 'account') drawTable();
}

function showTab() {
  for (const tab of $('tabs').children) {
    const on = tab.dataset.list === current();
    tab.setAttribute('aria-selected', String(on));
    tab.tabIndex = on ? 0 : -1;
  }
  $('panel').setAttribute('aria-labelledby', `tab-${current()}`);
}

/** What is in the table, for a download: amounts are plain numbers. */
export function seenTable() {
  const spec = LISTS[current()], columns = columnsOf(spec).filter(column => !column.spark && !column.chart && !column.users);
  return [columns.map(column => column.title), ...rowsOf(current()).map(row => columns.map(column => row[column.key]))];
}

export function startTables(account) {
  state.host = account.host;
  state.data.account = seen();
  $('tabs').append(...Object.entries(LISTS).map(([name, spec]) => el('button', {
    type: 'button', role: 'tab', id: `tab-${name}`, 'data-list': name, 'aria-controls': 'panel', onclick: () => show({ tab: name === 'caches' ? null : name }) }, spec.title)));
  $('tabs').addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], tabs = [...$('tabs').children];
    if (!step) return;
    const next = tabs[(tabs.findIndex(tab => tab.dataset.list === current()) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
  $('filter').value = view.filter ?? '';
  $('filter').addEventListener('input', () => show({ filter: $('filter').value || null }));
  $('more').addEventListener('click', () => { state.all = true; drawTable(); });
  onView(changed => {
    if (changed.has('filter') && document.activeElement !== $('filter')) $('filter').value = view.filter ?? '';
    if (changed.has('tab')) { state.all = false; showTab(); }
    if (changed.has('tab') || changed.has('filter')) drawTable();
    if (changed.has('tab')) refreshTable();
  });
  showTab();
  refreshTable();
}
