// SPDX-License-Identifier: GPL-2.0-or-later
// Nested rectangles in proportion (squarified treemap, after Bruls, Huizing and van Wijk), from
// installed memory down to caches and callers.

import { $, bytes, color, el, growth, palette, percent, waste } from './lib.js';
import { openCache, openRow } from './detail.js';
import { openUsers } from './users.js';
import { ask, compared, keyOf } from './then.js';
import { view } from './view.js';

const HEAD = 19; // height of a group's heading, pixels
const MORE = { // rows of the account that a command takes further apart
  slab: ['slab', 'caches'], vmalloc: ['vmalloc', 'rows'], kernel_stacks: ['stacks', 'stacks'], page_tables: ['pagetables', 'processes'],
};
const GREW = '#d55e00', SHRANK = '#0072b2', SAME = '#8b929b'; // colours of a comparison
let account = null, path = ['ram', 'kernel'], fetched = new Map(), before = new Map(), most = 1;

/* ---- squarify ---- */

function worst(row, side, scale) {
  const sum = row.reduce((total, item) => total + item.bytes, 0) * scale;
  const large = row[0].bytes * scale, small = row.at(-1).bytes * scale;
  return Math.max(side * side * large / (sum * sum), sum * sum / (side * side * small));
}

/** Items, largest first, get x, y, w, h within the rectangle. */
export function squarify(items, x, y, w, h) {
  const total = items.reduce((sum, item) => sum + item.bytes, 0), scale = w * h / total, placed = [];
  let rest = items.slice();
  while (rest.length && w > 0 && h > 0) {
    const side = Math.min(w, h);
    let n = 1;
    while (n < rest.length && worst(rest.slice(0, n + 1), side, scale) <= worst(rest.slice(0, n), side, scale)) n++;
    const row = rest.slice(0, n), thick = row.reduce((sum, item) => sum + item.bytes, 0) * scale / side;
    let along = 0;
    for (const item of row) {
      const length = item.bytes * scale / thick;
      placed.push(w >= h ? { item, x, y: y + along, w: thick, h: length } : { item, x: x + along, y, w: length, h: thick });
      along += length;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    rest = rest.slice(n);
  }
  return placed;
}

/* ---- what is in what ---- */

function children(id) {
  const list = fetched.get(id);
  const whole = account.rows.find(row => row.id === id)?.bytes ?? 0;
  let items;
  if (list) {
    items = list.filter(row => row.bytes > 0 && !(id === 'vmalloc' && row.what === 'thread stacks')).map(row => ({
      id: `${id}/${keyOf(MORE[id][0], row)}`, title: row.name, bytes: row.bytes, was: before.get(id) ? before.get(id).get(keyOf(MORE[id][0], row)) ?? 0 : null, cache: id === 'slab' ? row.name : null, what: row.what,
      waste: waste(row) ?? 0, leaf: true,
    }));
    const sum = items.reduce((total, item) => total + item.bytes, 0);
    if (whole - sum > whole / 500) items.push({ id: `${id}/`, title: '(others)', bytes: whole - sum, leaf: true });
  } else {
    items = account.rows.filter(row => row.parent === id && row.bytes > 0).map(row => ({
      id: row.id, title: row.title, bytes: row.bytes, was: compared()?.rows.find(other => other.id === row.id)?.bytes ?? null, row: row.id, leaf: !MORE[row.id] && !account.rows.some(other => other.parent === row.id && other.bytes > 0),
    }));
  }
  items.sort((a, b) => b.bytes - a.bytes);
  const least = items.reduce((total, item) => total + item.bytes, 0) / 4000;
  const large = items.filter(item => item.bytes >= least), rest = items.filter(item => item.bytes < least);
  if (rest.length > 1) large.push({ id: `${id}/rest`, title: `${rest.length} smaller`, bytes: rest.reduce((sum, item) => sum + item.bytes, 0), leaf: true });
  else large.push(...rest);
  return large;
}

async function load(id) {
  if (!MORE[id] || fetched.has(id)) return;
  try {
    const [command, key] = MORE[id], { at, vs } = view;
    const [now, old] = await Promise.all([ask(command, at), vs === null ? null : ask(command, vs)]);
    if (view.at !== at || view.vs !== vs) return;
    fetched.set(id, now[key]);
    before.set(id, old && new Map(old[key].map(row => [keyOf(command, row), row.bytes])));
  } catch { /* this user may not read it: the row stays whole */ }
}

/* ---- drawing ---- */

function shade(hex, share) {
  const parts = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
  const mixed = parts.map(part => Math.round(part + (share < 0 ? part : 255 - part) * share));
  return { css: `rgb(${mixed.join(' ')})`, dark: (mixed[0] * 299 + mixed[1] * 587 + mixed[2] * 114) / 1000 < 150 };
}

const changeOf = item => view.vs === null || item.was === null || item.was === undefined ? null : item.bytes - item.was;

/** The colour of a comparison: the stronger, the larger the change next to the largest one. */
function changeTone(item) {
  const moved = changeOf(item), change = Math.abs(moved) < most / 200 ? 0 : moved;
  const dark = getComputedStyle(document.documentElement).getPropertyValue('--card').trim() === '#1a1d21';
  return shade(!change ? SAME : change > 0 ? GREW : SHRANK, !change ? dark ? -0.45 : 0.45 : 0.75 * (1 - Math.sqrt(Math.min(1, Math.abs(change) / most))));
}

function draw(place, base, depth, whole, into, index) {
  const { item, x, y, w, h } = place;
  if (w < 1.5 || h < 1.5) return;
  const hue = base ?? color(item.row ?? item.id, index), tone = view.vs === null ? shade(hue, depth === 0 ? 0 : (index % 5) * 0.09) : changeTone(item);
  const change = changeOf(item), changed = change === null ? '' : `, ${change ? growth(change) : 'unchanged'}`;
  const kids = depth === 0 && w > 70 && h > 60 && !item.leaf ? children(item.id) : [];
  const share = `${percent(item.bytes / whole, 1)} of ${title(path.at(-1))}`;
  const node = el('button', {
    type: 'button', class: `cell${kids.length ? ' parent' : ''}${tone.dark ? ' on-dark' : ''}`, 'data-id': item.id, tabindex: depth ? -1 : 0,
    'data-change': change, 'aria-label': `${item.title}, ${bytes(item.bytes)}${changed}, ${share}${item.waste ? `, ${bytes(item.waste)} of it not in use` : ''}${item.leaf ? '' : ', opens'}`,
    title: `${item.title}\n${bytes(item.bytes)}${changed}, ${share}${item.what ? `\n${item.what}` : ''}${item.waste ? `\nnot in use: ${bytes(item.waste)}` : ''}`,
    style: { left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px`, background: tone.css },
    onclick: event => { event.stopPropagation(); open(item); },
  });
  if (item.waste && item.bytes) node.append(el('i', { class: 'waste', style: { height: `${Math.min(100, item.waste / item.bytes * 100)}%` } }));
  if (w > 44 && h > 16) node.append(el('span', { class: 'title' }, item.title));
  if (w > 60 && h > 34 && !kids.length) node.append(el('span', { class: 'size' }, change ? growth(change) : bytes(item.bytes)));
  if (kids.length) node.firstChild.append(` ${bytes(item.bytes)}`);
  into.append(node);
  const fixed = depth === 0 && (path.length > 1 || item.id === 'kernel') && item.id === 'kernel' ? null : hue;
  squarifyInto(kids, x + 2, y + HEAD, w - 4, h - HEAD - 2, fixed, depth + 1, whole, into);
}

function squarifyInto(items, x, y, w, h, base, depth, whole, into) {
  if (!items.length || w < 4 || h < 4) return;
  squarify(items, x, y, w, h).forEach((place, index) => draw(place, base, depth, whole, into, index));
}

const title = id => account.rows.find(row => row.id === id)?.title ?? id;

export function drawMap(focus = null) {
  const map = $('map'), id = path.at(-1), fragment = document.createDocumentFragment();
  const items = children(id), whole = items.reduce((sum, item) => sum + item.bytes, 0);
  const had = focus ?? (map.contains(document.activeElement) ? document.activeElement.dataset.id : null);
  const base = path.length > 1 && id !== 'kernel' ? color(id) : null;
  most = Math.max(1, ...items.flatMap(item => [item, ...(item.leaf ? [] : children(item.id))]).map(item => Math.abs(changeOf(item) ?? 0)));
  $('map-hint').textContent = view.vs === null ? 'Hatched: held, but not used by any object.' : 'Orange: has grown, blue: has shrunk, grey: the same.';
  squarifyInto(items, 0, 0, map.clientWidth, map.clientHeight, base, 0, whole || 1, fragment);
  map.replaceChildren(fragment);
  map.dataset.at = id;
  if (had) (map.querySelector(`[data-id="${CSS.escape(had)}"]`) ?? map.querySelector('.cell'))?.focus();
  $('crumbs').replaceChildren(...path.flatMap((one, at) => [
    at ? el('span', { 'aria-hidden': 'true' }, '›') : null,
    at === path.length - 1 ? el('b', { 'aria-current': 'page' }, title(one))
      : el('button', { type: 'button', onclick: () => { path = path.slice(0, at + 1); drawMap(); } }, title(one)),
  ].filter(Boolean)), el('span', { class: 'size' }, bytes(account.rows.find(row => row.id === id)?.bytes)));
}

async function open(item) {
  if (item.cache && !item.cache.startsWith('(')) return openCache(item.cache);
  if (!item.leaf) {
    // all rows in between, where a grandchild was pressed
    const chain = [];
    for (let id = item.id; id && id !== path.at(-1); id = account.rows.find(row => row.id === id)?.parent) chain.unshift(id);
    path = path.concat(chain);
    await load(item.id);
    drawMap('');
    return $('map').querySelector('.cell')?.focus();
  }
  if (item.row) openRow(item.row);
  else if (item.id.startsWith('vmalloc/')) openUsers('vmalloc');
}

function up() {
  if (path.length < 2) return;
  const was = path.at(-1);
  path = path.slice(0, -1);
  drawMap(was);
}

/** To the nearest cell in that direction. */
function move(dx, dy) {
  const cells = [...$('map').querySelectorAll('.cell')], here = document.activeElement;
  const middle = cell => [cell.offsetLeft + cell.offsetWidth / 2, cell.offsetTop + cell.offsetHeight / 2];
  if (!cells.includes(here)) return cells[0]?.focus();
  const [x, y] = middle(here);
  let best = null, least = Infinity;
  for (const cell of cells) {
    if (cell === here) continue;
    const [cx, cy] = middle(cell), ahead = (cx - x) * dx + (cy - y) * dy, aside = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
    if (ahead > 2 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = cell; }
  }
  best?.focus();
}

export function updateMap(now) {
  account = now;
  drawMap();
}

/** Rows that are divided further come from a sample of their own. */
export async function refreshMap(now, past = false) {
  const was = fetched, { at, vs } = view, wanted = [...new Set([...fetched.keys(), 'slab'])].filter(id => path.includes(id) || path.at(-1) === 'kernel');
  fetched = new Map([...was].filter(([id]) => !wanted.includes(id) && !past));
  await Promise.all(wanted.map(load));
  if (view.at === at && view.vs === vs) updateMap(now);
}

export async function startMap(now) {
  account = now;
  await load('slab');
  drawMap();
  $('map').addEventListener('keydown', event => {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (arrow) move(...arrow);
    else if (event.key === 'Escape' || event.key === 'Backspace') up();
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => drawMap()).observe($('map'));
}

export const mapColors = palette;
