// SPDX-License-Identifier: GPL-2.0-or-later
// The page: gets the account and its past, then listens; everything else is drawn from that.

import { $, bytes, clock, color, el, get, growth, percent, spark } from './lib.js';
import { historyOf, liveEvent, redrawChart, startChart } from './chart.js';
import { refreshMap, startMap, updateMap } from './map.js';
import { refreshTable, startTables, tableAccount } from './tables.js';
import { openRow, startDetail } from './detail.js';
import { startUsers } from './users.js';
import { startFindings } from './findings.js';

const FIVE = ['slab', 'vmalloc', 'kernel_stacks', 'page_tables', 'percpu'];
const SLOW = 4; // samples between two looks at what the map shows of lists
let account = null, turns = 0;

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

function updateTiles() {
  for (const node of $('tiles').children) {
    const row = account.rows.find(one => one.id === node.dataset.row);
    const values = historyOf(node.dataset.row).values.slice(-300), known = values.filter(value => value !== null);
    const change = known.length > 1 ? known.at(-1) - known[0] : null;
    node.children[1].textContent = row?.bytes === null || !row ? 'not known' : bytes(row.bytes);
    node.children[2].textContent = `${row ? percent(row.bytes === null ? null : row.bytes / account.installed_bytes) : ''}${change === null ? '' : ` · ${growth(change)}`}`;
    node.children[3].replaceChildren(spark(values, 120, 24));
  }
}

/* ---- the stream ---- */

function take(event) {
  for (const row of account.rows) {
    if (!(row.id in event.bytes)) continue;
    row.bytes = event.bytes[row.id];
    row.share = row.bytes === null ? null : row.bytes / account.installed_bytes;
    const past = historyOf(row.id).values.find(value => value !== null);
    row.growth = row.bytes === null || past === undefined ? null : row.bytes - past;
  }
  liveEvent(event);
  updateTiles();
  tableAccount(account);
  $('state').textContent = `live · ${clock(event.time_ms)}`;
  $('state').className = 'state on';
  document.body.dataset.turn = event.turn;
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
}

async function start() {
  account = await get('account');
  const host = account.host, past = await get('history', host.live ? { from: '-5m' } : {}).catch(() => null);
  $('machine').textContent = [host.kernel ? `Linux ${host.kernel}` : null, host.hypervisor ?? host.kind, host.cpus ? `${host.cpus} CPUs` : null, bytes(account.installed_bytes, 0)].filter(Boolean).join(' · ');
  $('plain').hidden = true;
  $('app').hidden = false;
  $('tiles').append(...FIVE.map(tile));
  startChart(account, past, () => {});
  $('chart').closest('section').hidden = !host.live && (past?.times_ms.length ?? 0) < 2;
  startTheme();
  startFindings(account);
  startTables(account);
  startDetail(account);
  startUsers(account);
  updateTiles();
  await startMap(account);
  $('state').textContent = host.live ? 'live' : `${host.time ?? 'captured'}`;
  if (host.live) listen();
  document.body.dataset.ready = 'yes';
}

start().catch(error => {
  $('plain').hidden = false;
  $('state').textContent = `something went wrong: ${error.message}`;
  $('state').className = 'state off';
});
