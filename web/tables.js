// SPDX-License-Identifier: GPL-2.0-or-later
// Tables of caches, vmalloc callers, cgroups and rows of the account: sorted, filtered, each row
// with its last minutes and its growth.

import { $, bytes, count, el, get, growth, percent, series, spark, waste } from './lib.js';
import { openCache, openRow } from './detail.js';
import { openUsers } from './users.js';
import { historyOf } from './chart.js';

const FIRST = 40; // rows before "show all"
const KEPT = 300; // samples of each row

const size = (key, title) => ({ key, title, number: true, show: row => bytes(row[key]) });
const GROWTH = { key: 'growth', title: 'Growth', number: true, show: row => growth(row.growth), tone: row => row.growth > 0 ? 'up' : row.growth < 0 ? 'down' : null };
const SPARK = { key: 'spark', title: 'Last minutes', spark: true };

/** Whether objects in use are exact, and of which time. */
const objectsMark = slab => slab?.counts === 'exact' ? `, objects counted in kernel memory${slab.counted ? ` at ${slab.counted}` : ''}` : slab?.counts === 'estimate' ? ', objects in use are an estimate' : '';

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
  account: { title: 'Account', command: 'account', rows: 'rows', noun: 'rows of the account', columns: [
    { key: 'title', title: 'Row' }, size('bytes', 'Size'), { key: 'share', title: 'Share', number: true, show: row => percent(row.share) }, GROWTH, SPARK,
    { key: 'quality', title: 'Quality', show: row => row.quality ?? row.state }],
    open: row => () => openRow(row.id), tree: true },
};

const state = { list: 'caches', sort: {}, all: false, data: {}, past: {}, problem: {}, busy: new Set() };

/** The account has an order of its own. */
const sortOf = name => state.sort[name] ?? (LISTS[name].tree ? null : { key: 'bytes', down: true });

function rowsOf(name) {
  const spec = LISTS[name], filter = $('filter').value.trim().toLowerCase(), sort = sortOf(name);
  let rows = (state.data[name]?.[spec.rows] ?? []).map(spec.fix ?? (row => row));
  rows = rows.filter(row => name === 'account' ? row.bytes !== null : row.bytes !== 0 || filter);
  if (filter) rows = rows.filter(row => Object.values(row).some(value => typeof value === 'string' && value.toLowerCase().includes(filter)));
  if (!sort) return rows;
  const way = sort.down ? -1 : 1;
  return rows.slice().sort((a, b) => {
    const x = a[sort.key], y = b[sort.key];
    if (x === null || x === undefined) return 1; // missing is never the smallest nor the largest
    if (y === null || y === undefined) return -1;
    return (typeof x === 'string' ? x.localeCompare(y) : x - y) * way;
  });
}

/** A row's key in /api/v1/history; several caches may have one name. */
const rowKey = row => row.copy ? `${row.name}#${row.copy}` : row.name;

function valuesOf(name, row) {
  if (name === 'account') return historyOf(row.id).values.slice(-300);
  return state.past[name]?.get(rowKey(row)) ?? [];
}

function depth(row) {
  let steps = 0;
  const rows = state.data.account.rows;
  for (let id = row.parent; id; id = rows.find(other => other.id === id)?.parent) steps++;
  return steps;
}

function cell(name, spec, column, row, first) {
  if (column.spark) return el('td', { class: 'spark-cell' }, spark(valuesOf(name, row)));
  if (column.users) {
    const what = column.users(row);
    return el('td', {}, what ? el('button', { type: 'button', class: 'link', 'aria-label': `who holds ${row.name}`, onclick: () => openUsers(what) }, 'Who?') : '');
  }
  const text = column.show ? column.show(row) : row[column.key] ?? '–';
  if (!first) return el('td', { class: [column.number ? 'number' : '', column.tone?.(row) ?? ''].join(' ').trim() }, text);
  const open = spec.open?.(row), indent = spec.tree && !state.sort[name] ? { style: { paddingLeft: `${0.5 + depth(row) * 1.1}rem` } } : {};
  return el('th', { scope: 'row', ...indent }, open ? el('button', { type: 'button', class: 'link', onclick: open }, text) : text);
}

function head(name, spec) {
  const sort = sortOf(name);
  return el('thead', {}, el('tr', {}, ...spec.columns.map(column => {
    const on = sort?.key === column.key, props = { scope: 'col', class: column.number ? 'number' : null, 'aria-sort': on ? (sort.down ? 'descending' : 'ascending') : 'none' };
    if (column.spark || column.users) return el('th', { scope: 'col' }, column.title);
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
  const name = state.list, spec = LISTS[name], rows = rowsOf(name), seen = state.all ? rows : rows.slice(0, FIRST);
  const had = document.activeElement?.closest?.('#list') ? { sort: document.activeElement.dataset.sort, text: document.activeElement.textContent } : null;
  const sum = rows.reduce((total, row) => total + (row.bytes ?? 0), 0);
  $('summary').textContent = state.problem[name] ?? `${count(rows.length)} ${spec.noun}${spec.tree ? '' : `, ${bytes(sum)}`}${$('filter').value ? ' that match' : ''}${spec.mark && state.data[name] ? spec.mark(state.data[name]) : ''}`;
  $('list').replaceChildren(el('caption', {}, spec.title), head(name, spec),
    el('tbody', {}, ...seen.map(row => el('tr', { 'data-name': row.name ?? row.id }, ...spec.columns.map((column, at) => cell(name, spec, column, row, at === 0))))));
  $('more').hidden = seen.length === rows.length;
  $('more').textContent = `Show all ${rows.length}`;
  if (had) [...$('list').querySelectorAll('button')].find(button => had.sort ? button.dataset.sort === had.sort : button.textContent === had.text)?.focus();
}

/** The past is asked for once, and then goes on here. */
async function pastOf(spec) {
  if (!state.data.account.host.live) return new Map();
  const past = await get('history', { of: spec.command }).catch(() => null);
  return new Map(past ? Object.keys(past.rows).map(key => [key, series(past, key).slice()]) : []);
}

function remember(name, spec) {
  const past = state.past[name], now = new Map(state.data[name][spec.rows].map(row => [rowKey(row), row.bytes]));
  const before = Math.max(0, ...[...past.values()].map(values => values.length));
  for (const key of now.keys()) if (!past.has(key)) past.set(key, new Array(before).fill(null));
  for (const [key, values] of past) {
    values.push(now.get(key) ?? null);
    if (values.length > KEPT) values.shift();
    if (values.every(value => value === null)) past.delete(key);
  }
}

export async function refreshTable() {
  const name = state.list, spec = LISTS[name];
  if (document.hidden || state.busy.has(name)) return;
  state.busy.add(name);
  try {
    if (name !== 'account') {
      state.data[name] = await get(spec.command);
      if (state.past[name] === undefined) state.past[name] = await pastOf(spec);
      else remember(name, spec);
    }
    state.problem[name] = null;
  } catch (error) {
    state.problem[name] = error.message;
  }
  state.busy.delete(name);
  drawTable();
}

export function tableAccount(account) {
  state.data.account = account;
  if (state.list === 'account') drawTable();
}

function choose(name) {
  state.list = name;
  state.all = false;
  for (const tab of $('tabs').children) {
    const on = tab.dataset.list === name;
    tab.setAttribute('aria-selected', String(on));
    tab.tabIndex = on ? 0 : -1;
  }
  $('panel').setAttribute('aria-labelledby', `tab-${name}`);
  drawTable();
  refreshTable();
}

export function startTables(account) {
  state.data.account = account;
  if (!account.host.live) for (const spec of Object.values(LISTS)) spec.columns = spec.columns.filter(column => column !== GROWTH && column !== SPARK);
  $('tabs').append(...Object.entries(LISTS).map(([name, spec]) => el('button', {
    type: 'button', role: 'tab', id: `tab-${name}`, 'data-list': name, 'aria-controls': 'panel', onclick: () => choose(name) }, spec.title)));
  $('tabs').addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], tabs = [...$('tabs').children];
    if (!step) return;
    const next = tabs[(tabs.findIndex(tab => tab.dataset.list === state.list) + step + tabs.length) % tabs.length];
    choose(next.dataset.list);
    next.focus();
  });
  $('filter').addEventListener('input', drawTable);
  $('more').addEventListener('click', () => { state.all = true; drawTable(); });
  choose('caches');
}
