// SPDX-License-Identifier: GPL-2.0-or-later
// The page: gets the account and its past, then listens; everything else is drawn from that.

import { $, bytes, clock, color, el, get, growth, percent, span, spark, when } from './lib.js';
import { historyOf, liveEvent, redrawChart, renewTitle, startChart } from './chart.js';
import { refreshMap, startMap, updateMap } from './map.js';
import { refreshTable, startTables, tableAccount } from './tables.js';
import { openRow, startDetail } from './detail.js';
import { startUsers } from './users.js';
import { startFindings } from './findings.js';
import { showPressure } from './pressure.js';
import { startSave } from './save.js';
import { compared, loadAccounts, seen, setLive } from './then.js';
import { sayProblem, startTime, thenText } from './time.js';
import { onView, view } from './view.js';

const TILES = ['slab', 'vmalloc', 'kernel_stacks', 'page_tables', 'percpu', 'direct', 'free'];
const HEAD_MS = 5000; // whether memory is short is asked for again
const SLOW = 4; // samples between two looks at what the map shows of lists
let account = null, turns = 0, newest = null; // newest: time of the last live sample

/* ---- dark and light ---- */

function startTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const now = () => document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light');
  const show = () => { $('theme').textContent = now() === 'dark' ? 'Light' : 'Dark'; redrawChart(); };
  let kept = null;
  try { kept = localStorage.getItem('theme'); } catch { /* private: not kept */ }
  if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept;
  $('theme').hidden = false;
  $('theme').addEventListener('click', () => {
    document.documentElement.dataset.theme = now() === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('theme', now()); } catch { /* likewise */ }
    show();
  });
  dark.addEventListener('change', show);
  show();
}

/* ---- tiles ---- */

function tile(id) {
  const row = account.rows.find(one => one.id === id);
  return el('button', { type: 'button', class: 'tile', 'data-row': id, style: { borderTopColor: color(id) }, onclick: () => openRow(id) },
    el('span', { class: 'label' }, row?.title ?? id), el('b'), el('span', { class: 'change' }), el('span', { class: 'line' }));
}

/** The change of a tile, and since when: of the comparison, or over the samples at hand. */
function changeOf(row) {
  const old = compared()?.rows.find(one => one.id === row.id);
  if (view.vs !== null) return old && row.bytes !== null && old.bytes !== null ? [row.bytes - old.bytes, span((view.at ?? Date.now()) - view.vs), `since ${when(view.vs)}`] : [null];
  const { ms, values } = historyOf(row.id), end = view.at === null ? values.length : ms.findLastIndex(time => time <= view.at) + 1, first = Math.max(0, end - 300);
  const known = values.slice(first, end).flatMap((value, i) => value === null ? [] : [first + i]);
  if (known.length < 2) return [null];
  return [values[known.at(-1)] - values[known[0]], span(ms[known.at(-1)] - ms[known[0]]), `since ${when(ms[known[0]])}`];
}

function updateTiles() {
  for (const node of $('tiles').children) {
    const row = seen().rows.find(one => one.id === node.dataset.row), [change, time, since] = row ? changeOf(row) : [null];
    const { ms, values } = historyOf(node.dataset.row), end = view.at === null ? values.length : ms.findLastIndex(one => one <= view.at) + 1;
    node.children[1].textContent = row?.bytes === null || !row ? 'not known' : bytes(row.bytes);
    node.children[2].textContent = `${row ? percent(row.bytes === null ? null : row.bytes / account.installed_bytes) : ''}${change === null ? '' : ` · ${growth(change)} in ${time}`}`;
    node.title = change === null ? '' : `${growth(change)} ${since}`;
    node.children[3].replaceChildren(spark(values.slice(Math.max(0, end - 300), end), 120, 24));
  }
}

/* ---- all that depends on the time ---- */

function titles() {
  const then = thenText(), end = account.host.live ? 'now' : 'at the end of the recording';
  $('map-title').textContent = view.vs !== null ? `What has changed ${then || end}` : then ? `Where it was ${then}` : account.host.live || account.recording ? `Where it is ${end}` : 'Where it was when captured';
  $('tables-title').textContent = then ? `Who had it ${then}` : 'Who has it';
}

async function showTime() {
  document.body.dataset.at = '';
  titles();
  showState();
  try {
    if (!await loadAccounts()) return;
    sayProblem(null);
  } catch (error) {
    sayProblem(error.message);
    return;
  }
  showPressure(seen());
  renewTitle();
  updateTiles();
  tableAccount(seen());
  await Promise.all([refreshTable(), refreshMap(seen(), true)]);
  document.body.dataset.at = view.at ?? 'now';
}

/* ---- the stream ---- */

function showState() {
  if (newest === null) return;
  $('state').textContent = view.at === null ? `live · ${clock(newest)}` : `recorded · newest ${clock(newest)}`;
  $('state').className = view.at === null ? 'state on' : 'state';
}

function take(event) {
  for (const row of account.rows) {
    if (!(row.id in event.bytes)) continue;
    row.bytes = event.bytes[row.id];
    row.share = row.bytes === null ? null : row.bytes / account.installed_bytes;
    const past = historyOf(row.id).values.find(value => value !== null);
    row.growth = row.bytes === null || past === undefined ? null : row.bytes - past;
  }
  liveEvent(event);
  document.body.dataset.turn = event.turn;
  newest = event.time_ms;
  showState();
  if (view.at !== null) return;
  updateTiles();
  tableAccount(account);
  refreshTable();
  if (turns++ % SLOW) return;
  if (!document.hidden && !$('map').matches(':hover') && !$('map').contains(document.activeElement)) refreshMap(account);
  else updateMap(account);
}

function listen() {
  const stream = new EventSource('/api/v1/live');
  stream.addEventListener('message', message => take(JSON.parse(message.data)));
  stream.addEventListener('problem', message => { $('state').textContent = JSON.parse(message.data).error; $('state').className = 'state off'; });
  stream.addEventListener('error', () => { $('state').textContent = 'connection lost; trying again'; $('state').className = 'state off'; });
  setInterval(async () => {
    if (document.hidden || view.at !== null) return;
    const { pressure } = await get('account').catch(() => account);
    account.pressure = pressure;
    if (view.at === null) showPressure(account);
  }, HEAD_MS);
}

async function start() {
  const asked = get('history', document.querySelector('meta[name=live]').content === 'yes' ? { from: '-5m' } : {}).catch(() => null);
  account = await get('account');
  setLive(account);
  const host = account.host, past = await asked;
  account.recording = !host.live && past?.recorded;
  $('machine').textContent = [host.kernel ? `Linux ${host.kernel}` : null, host.hypervisor ?? host.kind, host.cpus ? `${host.cpus} CPUs` : null, bytes(account.installed_bytes, 0)].filter(Boolean).join(' · ');
  $('plain').hidden = true;
  $('app').hidden = false;
  $('tiles').append(...TILES.map(tile));
  startChart(account, past);
  $('chart').closest('section').hidden = !host.live && (past?.times_ms.length ?? 0) < 2;
  $('times').hidden = $('chart').closest('section').hidden;
  $('state').textContent = host.live ? 'live' : host.time ? `${account.recording ? 'recorded until' : 'captured'} ${when(Date.parse(host.time))}` : 'captured';
  startTheme();
  startTime(account);
  titles();
  showPressure(account);
  updateTiles();
  startDetail(account);
  startUsers(account);
  startSave();
  onView(changed => (changed.has('at') || changed.has('vs')) && showTime());
  if (view.at !== null || view.vs !== null) await loadAccounts().then(() => sayProblem(null), error => sayProblem(error.message));
  startTables(account);
  await startMap(seen());
  if (view.at !== null || view.vs !== null) await showTime();
  startFindings(account);
  if (host.live) listen();
  document.body.dataset.ready = 'yes';
}

start().catch(error => {
  $('plain').hidden = false;
  $('state').textContent = `something went wrong: ${error.message}`;
  $('state').className = 'state off';
});
