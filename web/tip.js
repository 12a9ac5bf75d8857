// SPDX-License-Identifier: GPL-2.0-or-later
// The box at the cursor of the chart: its time, and the values there.

import { $, el } from './lib.js';

const ROWS = 14;
let box = null;

export function hideTip() {
  if (box) box.hidden = true;
}

/** rows: [colour, title, value], in the order in which they are shown. */
export function showTip(plot, time, rows, sum) {
  if (!box) {
    box = el('div', { class: 'tip', 'aria-hidden': 'true' });
    $('chart-place').append(box);
  }
  const seen = rows.slice(0, ROWS), more = rows.length - seen.length;
  box.replaceChildren(el('b', {}, time), el('table', {}, el('tbody', {}, ...seen.map(([hue, title, value]) => el('tr', {}, el('td', {}, hue ? el('i', { style: { background: hue } }) : ''), el('td', {}, title), el('td', { class: 'number' }, value))),
    sum && rows.length > 1 ? el('tr', { class: 'sum' }, el('td'), el('td', {}, 'together'), el('td', { class: 'number' }, sum)) : '')), more > 0 ? el('span', { class: 'more' }, `and ${more} more`) : '');
  box.hidden = false;
  const place = $('chart-place').getBoundingClientRect(), over = plot.over.getBoundingClientRect();
  const x = over.left - place.left + plot.cursor.left, right = x + 16 + box.offsetWidth > place.width;
  box.style.left = `${Math.max(0, right ? x - 16 - box.offsetWidth : x + 16)}px`;
  box.style.top = '6px';
}
