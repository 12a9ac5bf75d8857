// SPDX-License-Identifier: GPL-2.0-or-later
// The stacked chart. Bands are children of one row of the account, so the top of the stack is
// that row itself; what is hidden by the legend leaves the stack, and the title says so.

import { $, bytes, clock, color, day, el, get, growth, percent, series } from './lib.js';

const SPANS = [['1 min', 60e3], ['5 min', 300e3], ['15 min', 900e3], ['1 h', 3600e3], ['All', 0]];
const KEPT = 3700; // samples of the live stream
const LEAST_MS = 5e3;

const state = {
  part: 'kernel', unit: 'bytes', follow: true, spanMs: 300e3, from: 0, to: 0,
  hidden: new Set(), live: { times: [], rows: new Map() }, past: null, firstMs: 0, lastMs: 0,
  account: null, marks: [], cursor: null,
};
let plot = null, bands = [], shown = null, fetching = 0, onChange = () => {};

/** Rows that make up a part: of the kernel, slab as its two halves. */
function bandsOf(account, part) {
  const children = id => account.rows.filter(row => row.parent === id);
  return children(part).flatMap(row => row.id === 'slab' && part === 'kernel' ? children('slab') : [row])
    .filter(row => row.bytes !== null || state.live.rows.has(row.id));
}

/* ---- data ---- */

function pushLive(event) {
  const { times, rows } = state.live;
  times.push(event.time_ms);
  for (const [id, value] of Object.entries(event.bytes)) {
    if (!rows.has(id)) rows.set(id, new Array(times.length - 1).fill(null));
    rows.get(id).push(value);
  }
  for (const values of rows.values()) if (values.length < times.length) values.push(null);
  if (times.length > KEPT) {
    times.splice(0, times.length - KEPT);
    for (const values of rows.values()) values.splice(0, values.length - times.length);
  }
  state.lastMs = event.time_ms;
}

function takeHistory(history) {
  state.live = { times: history.times_ms.slice(), rows: new Map() };
  for (const id of Object.keys(history.rows)) state.live.rows.set(id, series(history, id).slice());
  state.firstMs = history.first_ms;
  state.lastMs = history.last_ms;
  state.marks = history.marks;
}

/** Live samples, and before them what was fetched of the past. */
function points(id) {
  const live = state.live.rows.get(id) ?? new Array(state.live.times.length).fill(null);
  if (!state.past) return live;
  const first = state.live.times[0] ?? Infinity;
  const old = series(state.past, id) ?? new Array(state.past.times_ms.length).fill(null);
  return state.past.times_ms.flatMap((ms, i) => ms < first ? [old[i]] : []).concat(live);
}

function times() {
  const first = state.live.times[0] ?? Infinity;
  return (state.past ? state.past.times_ms.filter(ms => ms < first) : []).concat(state.live.times);
}

/** A gap between samples is not drawn: its values are not known. */
function gaps(ms) {
  const steps = ms.slice(1).map((one, i) => one - ms[i]), usual = steps.slice().sort((a, b) => a - b)[steps.length >> 1];
  return steps.flatMap((step, i) => step > Math.max(5000, usual * 6) ? [i + 1] : []);
}

const torn = (values, at, fill) => at.length ? at.reduceRight((all, i) => all.toSpliced(i, 0, fill(i)), values) : values;

function build() {
  const visible = bands.filter(band => !state.hidden.has(band.id));
  const all = times(), at = gaps(all), ms = torn(all, at, i => all[i - 1] + 1);
  const values = new Map(bands.map(band => [band.id, torn(points(band.id), at, () => null)]));
  const scale = state.unit === 'share' ? 1 / state.account.installed_bytes : 1;
  let below = new Array(ms.length).fill(null);
  const tops = visible.map(band => {
    const own = values.get(band.id);
    // a missing row adds nothing; a sample without any row is a gap
    below = below.map((sum, i) => own[i] === null ? sum : (sum ?? 0) + own[i] * scale);
    return below;
  });
  // the highest is drawn first and the others over it
  const empty = new Set(bands.filter(band => values.get(band.id).every(value => !value)).map(band => band.id));
  shown = { ms, visible, values, empty, data: [ms.map(one => one / 1000), ...tops.reverse()] };
  return shown.data;
}

/* ---- drawing ---- */

const ink = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function tick(value) {
  return state.unit === 'share' ? `${+(value * 100).toFixed(3)} %` : bytes(value, value % 1024 ** Math.floor(Math.log2(value || 1) / 10) ? 1 : 0);
}

function drawMarks(u) {
  const { ctx, bbox } = u;
  ctx.save();
  for (const mark of state.marks) {
    if (mark.kind === 'cache' || mark.time_ms < state.from || mark.time_ms > state.to) continue;
    const x = Math.round(u.valToPos(mark.time_ms / 1000, 'x', true)) + 0.5;
    ctx.strokeStyle = mark.kind === 'oom' ? ink('--alarm') : ink('--ink-soft');
    ctx.fillStyle = ctx.strokeStyle;
    ctx.setLineDash([4, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.fillText(mark.kind === 'oom' ? 'out of memory' : mark.kind, x + 4, bbox.top + 2);
  }
  ctx.restore();
}

function options(width) {
  const axis = { stroke: ink('--ink-soft'), grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const powers = Array.from({ length: 44 }, (_, i) => 2 ** (i + 8));
  return {
    width, height: Math.max(220, Math.min(360, Math.round(innerHeight * 0.42))),
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
    scales: {
      x: { time: true, range: () => [state.from / 1000, state.to / 1000] },
      y: { range: (u, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.06] },
    },
    axes: [
      { ...axis, size: 32, space: 70, values: (u, splits, index, space, incr) => splits.map(s => incr >= 86400 ? day(s * 1000).slice(5) : clock(s * 1000, incr < 60)) },
      { ...axis, size: 74, values: (u, splits) => splits.map(tick), incrs: state.unit === 'share' ? undefined : powers },
    ],
    series: [{}, ...shown.visible.map(band => ({ stroke: ink('--card'), width: 1 / devicePixelRatio, fill: color(band.id, bands.indexOf(band)), points: { show: false }, spanGaps: false })).reverse()],
    hooks: {
      draw: [drawMarks],
      setCursor: [u => { state.cursor = u.cursor.idx ?? null; updateLegend(); }],
      setSelect: [u => {
        if (u.select.width > 4) zoomTo(u.posToVal(u.select.left, 'x') * 1000, u.posToVal(u.select.left + u.select.width, 'x') * 1000);
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

function recreate() {
  build();
  plot?.destroy();
  state.cursor = null;
  plot = new uPlot(options($('chart').clientWidth), shown.data, $('chart'));
  plot.over.addEventListener('wheel', wheel, { passive: false });
  plot.over.addEventListener('mousedown', startPan, true);
  updateLegend();
}

function refresh() {
  if (!plot) return;
  if (state.follow) {
    state.to = state.lastMs;
    state.from = state.spanMs ? state.to - state.spanMs : state.firstMs;
  }
  const cursor = { left: plot.cursor.left, top: plot.cursor.top };
  plot.batch(() => plot.setData(build(), true));
  if (cursor.left >= 0) plot.setCursor(cursor);
  updateLegend();
}

/* ---- where we look ---- */

function look(from, to, follow = false) {
  const span = Math.max(LEAST_MS, Math.min(to - from, Math.max(LEAST_MS, state.lastMs - state.firstMs)));
  const middle = (from + to) / 2;
  let left = to - from === span ? from : middle - span / 2;
  if (left + span > state.lastMs) left = state.lastMs - span;
  if (left < state.firstMs) left = Math.min(state.firstMs, state.lastMs - span);
  state.from = left;
  state.to = left + span;
  state.follow = follow;
  $('follow').setAttribute('aria-pressed', String(follow));
  wantPast();
  refresh();
}

const zoomTo = (from, to) => look(from, to);

function zoomBy(factor, at = 0.5) {
  const span = state.to - state.from, fixed = state.from + span * at;
  // at the right edge of a chart that moves, it goes on moving
  if (state.follow) {
    state.spanMs = Math.max(LEAST_MS, span * factor);
    look(state.lastMs - state.spanMs, state.lastMs, true);
  } else {
    look(fixed - span * factor * at, fixed + span * factor * (1 - at));
  }
  showSpan();
}

function panBy(share) {
  const span = state.to - state.from;
  look(state.from + span * share, state.to + span * share);
}

function setSpan(ms) {
  state.spanMs = ms;
  look(ms ? state.lastMs - ms : state.firstMs, state.lastMs, true);
  showSpan();
}

function showSpan() {
  for (const button of $('spans').children)
    button.setAttribute('aria-pressed', String(state.follow && Number(button.dataset.ms) === state.spanMs));
}

function wheel(event) {
  event.preventDefault();
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
    panBy((event.deltaX || event.deltaY) / 1000);
  else
    zoomBy(event.deltaY > 0 ? 1.25 : 0.8, event.offsetX / plot.over.clientWidth);
}

function startPan(event) {
  if (!event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { from, to } = state, x = event.clientX, width = plot.over.clientWidth;
  const move = e => look(from - (e.clientX - x) / width * (to - from), to - (e.clientX - x) / width * (to - from));
  const end = () => { removeEventListener('mousemove', move); removeEventListener('mouseup', end); };
  addEventListener('mousemove', move);
  addEventListener('mouseup', end);
}

function key(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (step && event.shiftKey) panBy(step * 0.2);
  else if (step) moveCursor(step);
  else if (event.key === '+' || event.key === '=') zoomBy(0.5);
  else if (event.key === '-') zoomBy(2);
  else if (event.key === 'Home') setSpan(0);
  else if (event.key === 'End') setSpan(state.spanMs);
  else return;
  event.preventDefault();
}

function moveCursor(step) {
  const inside = shown.ms.flatMap((ms, i) => ms >= state.from && ms <= state.to ? [i] : []);
  if (!inside.length) return;
  const at = state.cursor === null ? inside.at(-1) : Math.min(inside.at(-1), Math.max(inside[0], state.cursor + step));
  plot.setCursor({ left: plot.valToPos(shown.data[0][at], 'x'), top: 10 });
}

/** Asks for what was before the samples at hand, a little more than is seen. */
function wantPast() {
  const first = state.live.times[0] ?? Infinity, span = state.to - state.from;
  if (state.from >= first - 1500 || state.firstMs >= first - 1500) return;
  const fine = state.past && state.past.asked.from <= state.from && state.past.asked.span <= span * 3;
  if (fine) return;
  const turn = ++fetching, asked = { from: state.from - span / 2, span };
  setTimeout(async () => {
    if (turn !== fetching) return;
    try {
      const past = await get('history', { from: Math.max(state.firstMs, Math.round(asked.from)), to: Math.min(Math.round(state.to + span / 2), first) });
      if (turn !== fetching) return;
      state.past = { ...past, asked };
      state.firstMs = Math.min(state.firstMs, past.first_ms);
      state.marks = past.marks.length ? past.marks : state.marks;
      refresh();
    } catch { /* what is at hand is shown */ }
  }, 120);
}

/* ---- legend, marks, table ---- */

function makeLegend() {
  $('legend').replaceChildren(...bands.map((band, index) => el('button', {
    type: 'button', 'data-id': band.id, 'aria-pressed': String(!state.hidden.has(band.id)), title: 'Press to hide or show, double click to show alone',
    onclick: () => toggle(band.id), ondblclick: () => only(band.id),
  }, el('i', { style: { background: color(band.id, index) } }), el('span', { class: 'label' }, band.title), el('b'))));
}

function setHidden(hidden) {
  state.hidden = hidden;
  for (const button of $('legend').children) button.setAttribute('aria-pressed', String(!hidden.has(button.dataset.id)));
  recreate();
}

function toggle(id) {
  const hidden = new Set(state.hidden);
  if (!hidden.delete(id)) hidden.add(id);
  if (hidden.size < bands.length) setHidden(hidden);
}

function only(id) {
  setHidden(new Set(bands.map(band => band.id).filter(other => other !== id)));
}

const amount = value => value === null || value === undefined ? '–'
  : state.unit === 'share' ? percent(value / state.account.installed_bytes, 3) : bytes(value);

function updateLegend() {
  if (!shown) return;
  const at = state.cursor ?? shown.ms.length - 1;
  let sum = null;
  for (const button of $('legend').children) {
    const value = shown.values.get(button.dataset.id)?.[at];
    button.lastChild.textContent = amount(value);
    button.hidden = shown.empty.has(button.dataset.id);
    if (!state.hidden.has(button.dataset.id) && value !== null && value !== undefined) sum = (sum ?? 0) + value;
  }
  const hidden = state.hidden.size ? ', without what is hidden' : '';
  $('chart-title').textContent = `${state.part === 'kernel' ? 'Kernel memory' : 'All memory'}: ${amount(sum)}${hidden}`;
  $('chart-title').dataset.bytes = sum ?? '';
  $('chart').setAttribute('aria-label', `Stacked chart of ${state.part === 'kernel' ? 'kernel' : 'all'} memory. At ${clock(shown.ms[at] ?? 0)}: ${amount(sum)}${hidden}`);
  $('chart').dataset.points = shown.ms.length;
  $('chart').dataset.from = Math.round(state.from);
  $('chart').dataset.to = Math.round(state.to);
  const seen = state.marks.filter(mark => mark.kind !== 'cache' && mark.time_ms >= state.from && mark.time_ms <= state.to);
  if ($('marks').childElementCount !== seen.length)
    $('marks').replaceChildren(...seen.map(mark => el('li', { class: mark.kind }, `${day(mark.time_ms)} ${clock(mark.time_ms)} ${mark.kind === 'oom' ? 'out of memory' : mark.kind}: ${mark.text}`)));
  if ($('values').open) makeTable();
}

function makeTable() {
  const inside = shown.ms.flatMap((ms, i) => ms >= state.from && ms <= state.to ? [i] : []);
  const rows = bands.map(band => {
    const known = inside.map(i => shown.values.get(band.id)[i]).filter(value => value !== null && value !== undefined);
    return el('tr', {}, el('th', { scope: 'row' }, band.title), ...(known.length
      ? [amount(known.at(-1)), amount(Math.min(...known)), amount(Math.max(...known)), growth(known.at(-1) - known[0])]
      : ['–', '–', '–', '–']).map(text => el('td', { class: 'number' }, text)));
  });
  $('values-table').replaceChildren(
    el('caption', {}, `${clock(state.from)} to ${clock(state.to)}`),
    el('thead', {}, el('tr', {}, ...['Row', 'At the end', 'Smallest', 'Largest', 'Growth'].map((text, at) => el('th', { scope: 'col', class: at ? 'number' : null }, text)))),
    el('tbody', {}, ...rows));
}

function press(selector, key, value) {
  for (const button of document.querySelectorAll(selector)) button.setAttribute('aria-pressed', String(button.dataset[key] === value));
}

/* ---- for the page ---- */

export function historyOf(id) {
  return { ms: shown?.ms ?? [], values: shown ? points(id) : [] };
}

export function liveEvent(event) {
  pushLive(event);
  refresh();
}

export function startChart(account, history, changed) {
  state.account = account;
  onChange = changed;
  if (history) takeHistory(history);
  else takeHistory({ times_ms: [Date.now()], first_ms: Date.now() - 1, last_ms: Date.now(), marks: [], rows: Object.fromEntries(account.rows.map(row => [row.id, row.bytes])) });
  bands = bandsOf(account, state.part);
  if (account.host.live && state.lastMs - state.firstMs < 120e3) state.spanMs = 60e3;
  if (!account.host.live) state.spanMs = 0;
  state.to = state.lastMs;
  state.from = state.spanMs ? state.to - state.spanMs : state.firstMs;
  $('spans').append(...SPANS.map(([label, ms]) => el('button', { type: 'button', 'data-ms': ms, 'aria-pressed': String(ms === state.spanMs), onclick: () => setSpan(ms) }, label)));
  $('follow').hidden = !account.host.live;
  $('follow').addEventListener('click', () => setSpan(state.spanMs));
  $('chart').addEventListener('keydown', key);
  $('values').addEventListener('toggle', updateLegend);
  for (const button of document.querySelectorAll('[data-part]')) button.addEventListener('click', () => {
    state.part = button.dataset.part;
    press('[data-part]', 'part', state.part);
    bands = bandsOf(account, state.part);
    state.hidden = new Set();
    makeLegend();
    recreate();
    onChange();
  });
  for (const button of document.querySelectorAll('[data-unit]')) button.addEventListener('click', () => {
    state.unit = button.dataset.unit;
    press('[data-unit]', 'unit', state.unit);
    recreate();
  });
  makeLegend();
  recreate();
  new ResizeObserver(() => plot && plot.setSize({ width: $('chart').clientWidth, height: plot.height })).observe($('chart'));
}

export const redrawChart = () => plot && recreate();
