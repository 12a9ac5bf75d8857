// SPDX-License-Identifier: GPL-2.0-or-later
// The chart: rows of the account as a stack, or one row of a list as a line. Bands of a stack are
// children of one row, so its top is that row itself; what the legend hides leaves the stack, and
// the title says so.

import { $, bytes, clock, color, count, day, el, get, growth, isUtc, label, local, percent, series, ticks, when } from './lib.js';
import { accountOf } from './then.js';
import { onView, show, view } from './view.js';
import { hideTip, showTip } from './tip.js';

const SPANS = [['1 min', 60e3], ['5 min', 300e3], ['15 min', 900e3], ['1 h', 3600e3], ['1 day', 86400e3], ['All', 0]];
const KEPT = 3700; // samples of the live stream
const LEAST_MS = 5e3;
const QUIET = new Set(['cache', 'moved']); // marks that are too many for lines
const EVERY_MS = 2000; // a single row is asked for again
const DRAG_MS = 150, PAUSE_MS = 40; // a view that changes sooner than this is dragged, and asked for after a pause
export const LISTS = { slab: 'slab cache', vmalloc: 'vmalloc caller', cgroups: 'cgroup', stacks: 'stacks of', pagetables: 'page tables of' };

const state = { follow: true, spanMs: 300e3, from: 0, to: 0, hidden: new Set(), sets: {}, firstMs: 0, lastMs: 0, account: null, marks: [], cursor: null, recorded: null, asked: 0, lookedMs: -Infinity };
let plot = null, bands = [], shown = null, fetching = 0, problem = null;

const one = () => view.of !== null && view.key !== null && view.of in LISTS;
const part = () => view.part === 'ram' ? 'ram' : 'kernel';
const set = () => state.sets[one() ? 'one' : 'account'];

/** Rows that make up a part; rows that are best seen divided are. */
function bandsOf(account) {
  if (one()) return [{ id: view.key, title: `${LISTS[view.of]} ${view.key}` }];
  const children = id => account.rows.filter(row => row.parent === id), divided = { kernel: 'slab', ram: 'user' }[part()];
  return children(part()).flatMap(row => row.id === divided && children(row.id).length ? children(row.id) : [row])
    .filter(row => row.bytes !== null || state.sets.account.base.rows.has(row.id));
}

/* ---- data: coarse samples of all the time, or those of the live stream, and finer ones of a part of it ---- */

function setOf(history) {
  const rows = of => new Map(Object.keys(of ?? {}).map(id => [id, series({ rows: of, times_ms: history.times_ms }, id).slice()]));
  return { times: history.times_ms.slice(), rows: rows(history.rows), low: rows(history.low), high: rows(history.high), stepMs: history.step_ms };
}

function pushLive(event) {
  const { times, rows } = state.sets.account.base;
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

/** The parts of both sets that are drawn, in the order of time: [set, first index, end]. */
function pieces({ base, detail }) {
  if (!detail?.times.length) return [[base, 0, base.times.length]];
  const before = base.times.findIndex(ms => ms >= detail.times[0]), after = base.times.findIndex(ms => ms > detail.times.at(-1));
  return [[base, 0, before < 0 ? base.times.length : before], [detail, 0, detail.times.length], [base, after < 0 ? base.times.length : after, base.times.length]];
}

const points = (id, kind = 'rows') => pieces(set()).flatMap(([from, first, end]) => from[kind].get(id)?.slice(first, end) ?? new Array(end - first).fill(null));

/** Samples further apart than usual have a gap between them: its values are not known. */
function gaps() {
  const found = [];
  let at = 0, last = null;
  for (const [from, first, end] of pieces(set())) {
    const steps = from.times.slice(1).map((ms, i) => ms - from.times[i]).sort((a, b) => a - b);
    const least = Math.max(5000, 2.5 * from.stepMs, 6 * (steps[steps.length >> 1] ?? 0));
    for (let i = first; i < end; i++, at++) {
      if (last !== null && from.times[i] - last > Math.max(least, i === first ? 2.5 * (set().detail?.stepMs ?? 0) : 0)) found.push(at);
      last = from.times[i];
    }
  }
  return found;
}

const torn = (values, at, fill) => at.reduceRight((all, i) => (all.splice(i, 0, fill(i)), all), values.slice());

function build() {
  const all = pieces(set()).flatMap(([from, first, end]) => from.times.slice(first, end)), at = gaps();
  const ms = torn(all, at, i => all[i - 1] + 1), seconds = ms.map(time => time / 1000);
  const values = new Map(bands.map(band => [band.id, torn(points(band.id), at, () => null)]));
  const scale = view.unit === 'share' ? 1 / state.account.installed_bytes : 1;
  const visible = bands.filter(band => !state.hidden.has(band.id));
  const empty = new Set(bands.filter(band => values.get(band.id).every(value => !value)).map(band => band.id));
  shown = { ms, visible, values, empty: one() ? new Set() : empty };
  if (one()) {
    const line = kind => torn(points(view.key, kind), at, () => null).map(value => value === null ? null : value * scale);
    shown.low = line('low');
    shown.high = line('high');
    shown.data = [seconds, shown.high, shown.low, line('rows')];
    return shown.data;
  }
  let below = new Array(ms.length).fill(null);
  const tops = visible.map(band => {
    const own = values.get(band.id);
    // a missing row adds nothing; a sample without any row is a gap
    below = below.map((sum, i) => own[i] === null ? sum : (sum ?? 0) + own[i] * scale);
    return below;
  });
  // the highest is drawn first and the others over it
  shown.data = [seconds, ...tops.reverse()];
  return shown.data;
}

/* ---- drawing ---- */

const ink = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const tick = value => view.unit === 'share' ? `${+(value * 100).toFixed(3)} %` : label(value);

function drawLine(u, ms, text, style, dash) {
  const { ctx, bbox } = u;
  if (ms < state.from || ms > state.to) return;
  const x = Math.round(u.valToPos(ms / 1000, 'x', true)) + 0.5, width = ctx.measureText(text).width;
  ctx.strokeStyle = ctx.fillStyle = style;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.fillText(text, x + 4 + width > bbox.left + bbox.width ? x - 4 - width : x + 4, bbox.top + 2);
}

function drawMarks(u) {
  const { ctx } = u;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  for (const mark of state.marks) if (!QUIET.has(mark.kind)) drawLine(u, mark.time_ms, markName(mark), mark.kind === 'oom' ? ink('--alarm') : ink('--ink-soft'), [4, 3]);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  if (view.vs !== null) drawLine(u, view.vs, 'compared', ink('--ink-soft'), []);
  if (view.at !== null) drawLine(u, view.at, 'shown', ink('--accent'), []);
  ctx.restore();
}

export const markName = mark => mark.kind === 'oom' ? 'out of memory' : mark.kind;

function seriesOf() {
  const plain = { points: { show: false }, spanGaps: false };
  if (one()) return [{}, { ...plain, stroke: 'transparent' }, { ...plain, stroke: 'transparent' }, { ...plain, stroke: color(null, 0), width: 1.6, points: { show: u => u.data[0].length < 3 } }];
  return [{}, ...shown.visible.map(band => ({ ...plain, stroke: ink('--card'), width: 1 / devicePixelRatio, fill: color(band.id, bands.indexOf(band)) })).reverse()];
}

function options(width) {
  const axis = { stroke: ink('--ink-soft'), grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  return {
    tzDate: isUtc() ? seconds => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : undefined,
    width, height: Math.max(220, Math.min(360, Math.round(innerHeight * 0.42))),
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
    scales: {
      x: { time: true, range: () => [state.from / 1000, state.to / 1000] },
      y: { range: (u, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.06] },
    },
    axes: [
      { ...axis, size: 32, space: 70, values: (u, splits, index, space, incr) => splits.map(s => incr >= 86400 ? day(s * 1000).slice(5) : clock(s * 1000, incr < 60)) },
      { ...axis, size: 74, values: (u, splits) => splits.map(tick), incrs: view.unit === 'share' ? undefined : ticks },
    ],
    series: seriesOf(),
    bands: one() ? [{ series: [1, 2], fill: `${color(null, 4)}66` }] : undefined,
    hooks: {
      draw: [drawMarks],
      setCursor: [u => { state.cursor = u.cursor.idx ?? null; updateLegend(); tip(u); }],
      setSelect: [u => {
        if (u.select.width > 4) look(u.posToVal(u.select.left, 'x') * 1000, u.posToVal(u.select.left + u.select.width, 'x') * 1000);
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

function recreate() {
  build();
  plot?.destroy();
  state.cursor = null;
  hideTip();
  plot = new uPlot(options($('chart').clientWidth), shown.data, $('chart'));
  plot.over.addEventListener('wheel', wheel, { passive: false });
  plot.over.addEventListener('mousedown', startPan, true);
  plot.over.addEventListener('mousedown', startClick);
  plot.over.addEventListener('mouseleave', clearCursor);
  updateLegend();
}

function refresh() {
  if (!plot) return;
  if (state.follow) {
    state.to = state.lastMs;
    state.from = state.spanMs ? state.to - state.spanMs : state.firstMs;
  }
  const cursor = { left: plot.cursor.left, top: plot.cursor.top }, had = state.cursor !== null;
  plot.batch(() => plot.setData(build(), true));
  if (had && cursor.left >= 0) plot.setCursor(cursor);
  updateLegend();
}

function clearCursor() {
  state.cursor = null;
  plot?.setCursor({ left: -10, top: -10 }, false);
  hideTip();
  updateLegend();
}

/** The values at the cursor, the highest band first as in the stack. */
function tip(u) {
  if (state.cursor === null || u.cursor.left < 0) return hideTip();
  const at = state.cursor, ms = shown.ms[at];
  const rows = shown.visible.map(band => [color(one() ? null : band.id, bands.indexOf(band)), band.title, shown.values.get(band.id)[at]]).filter(([, , value]) => value).reverse();
  if (one() && shown.low[at] !== null && shown.low[at] !== shown.high[at]) rows.push([null, 'smallest in this step', scaled(shown.low[at])], [null, 'largest in this step', scaled(shown.high[at])]);
  showTip(u, when(ms, Date.now()), rows.map(([hue, title, value]) => [hue, title, amount(value)]), one() ? null : amount(sumAt(at)));
}

const scaled = value => view.unit === 'share' ? value * state.account.installed_bytes : value;

/* ---- where we look ---- */

function look(from, to, follow = false) {
  const range = Math.max(LEAST_MS, Math.min(to - from, Math.max(LEAST_MS, state.lastMs - state.firstMs)));
  const middle = (from + to) / 2;
  let left = to - from === range ? from : middle - range / 2;
  if (left + range > state.lastMs) left = state.lastMs - range;
  if (left < state.firstMs) left = Math.min(state.firstMs, state.lastMs - range);
  state.from = left;
  state.to = left + range;
  state.follow = follow;
  show(follow ? { from: null, to: null, span: state.spanMs === usualSpan() ? null : state.spanMs } : { from: state.from, to: state.to, span: null });
  showSpan();
  wantDetail();
  refresh();
}

export const zoomTo = (from, to) => look(from, to);
export const window_ = () => ({ from: state.from, to: state.to, follow: state.follow, first: state.firstMs, last: state.lastMs });

const usualSpan = () => state.account.host.live ? state.usualMs : 0;

function zoomBy(factor, at = 0.5) {
  const range = state.to - state.from, fixed = state.from + range * at;
  // at the right edge of a chart that moves, it goes on moving
  if (state.follow && state.account.host.live) {
    state.spanMs = Math.max(LEAST_MS, range * factor);
    look(state.lastMs - state.spanMs, state.lastMs, true);
  } else {
    look(fixed - range * factor * at, fixed + range * factor * (1 - at));
  }
}

function panBy(share) {
  const range = state.to - state.from;
  look(state.from + range * share, state.to + range * share);
}

export function setSpan(ms) {
  state.spanMs = ms;
  clearCursor();
  look(ms ? state.lastMs - ms : state.firstMs, state.lastMs, true);
}

function showSpan() {
  for (const button of $('spans').children)
    button.setAttribute('aria-pressed', String(state.follow && Number(button.dataset.ms) === state.spanMs));
  $('follow').setAttribute('aria-pressed', String(state.follow && view.at === null));
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

/** A press without a drag chooses the time of the page. */
function startClick(event) {
  if (event.button || event.shiftKey) return;
  const x = event.clientX;
  addEventListener('mouseup', e => { if (Math.abs(e.clientX - x) < 4) choose(); }, { once: true });
}

function choose() {
  if (state.cursor !== null && shown.ms[state.cursor] !== undefined) show({ at: shown.ms[state.cursor] });
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
  else if (event.key === 'Enter') choose();
  else if (event.key === 'Escape') { if (state.cursor !== null) clearCursor(); else show({ at: null }); }
  else return;
  event.preventDefault();
}

function moveCursor(step) {
  const inside = shown.ms.flatMap((ms, i) => ms >= state.from && ms <= state.to ? [i] : []);
  if (!inside.length) return;
  const at = state.cursor === null ? inside.at(-1) : Math.min(inside.at(-1), Math.max(inside[0], state.cursor + step));
  plot.setCursor({ left: plot.valToPos(shown.data[0][at], 'x'), top: 10 });
}

/* ---- finer samples ---- */

const argsOf = (from, to) => ({ ...(one() ? { of: view.of, row: view.key } : {}), from: Math.max(1, Math.round(from)), to: Math.round(to) });

/** Whether what is at hand is as fine as what the server has. */
function isFine(range) {
  const { base, detail } = set(), first = base.times[0] ?? Infinity, last = base.times.at(-1) ?? -Infinity;
  const fine = (from, one) => one.stepMs <= 0 || one.stepMs <= Math.max(1, (state.to - state.from) / 100);
  if (state.from >= first - 1500 && state.to <= last + 1500 && fine(range, base)) return true;
  if (detail && detail.asked.from <= state.from && detail.asked.to >= Math.min(state.to, state.lastMs) && detail.asked.span <= range * 3) return true;
  return state.firstMs >= first - 1500 && fine(range, base);
}

/**
 * Asks for a little more than is seen; what is at hand is drawn meanwhile. A single zoom is asked
 * for at once; while the view is dragged, only where it rests.
 */
function wantDetail() {
  const range = state.to - state.from, now = performance.now(), dragged = now - state.lookedMs < DRAG_MS;
  state.lookedMs = now;
  if (isFine(range)) return;
  const turn = ++fetching, kept = set(), live = state.account.host.live && !one();
  const asked = { from: state.from - range / 2, to: state.to + range / 2, span: range };
  const to = live ? Math.min(asked.to, kept.base.times[0] ?? Infinity) : asked.to;
  setTimeout(async () => {
    if (turn !== fetching) return;
    try {
      const past = await get('history', argsOf(Math.max(state.firstMs, asked.from), to));
      if (turn !== fetching || kept !== set()) return;
      kept.detail = { ...setOf(past), asked };
      state.firstMs = Math.min(state.firstMs, past.first_ms);
      if (past.marks.length) state.marks = past.marks;
      refresh();
    } catch { /* what is at hand is shown */ }
  }, dragged ? PAUSE_MS : 0);
}

/** A single row has samples of its own. */
async function loadOne() {
  const asked = ++state.asked, live = state.account.host.live;
  problem = null;
  try {
    const recorded = state.recorded && (!live || state.from < Date.now() - 300e3);
    const past = await get('history', recorded ? argsOf(state.firstMs, state.lastMs) : { of: view.of, row: view.key });
    if (asked !== state.asked) return;
    const { detail } = state.sets.one;
    state.sets.one = { base: setOf(past), detail: detail?.of === view.key ? detail : null };
    if (!past.times_ms.length || !Object.keys(past.rows).length) problem = 'nothing is known of it in this time';
  } catch (error) {
    if (asked === state.asked) problem = error.message;
  }
  bands = bandsOf(state.account);
  wantDetail();
  if (plot && bands.length) refresh();
}

/* ---- legend, marks, table ---- */

function makeLegend() {
  $('legend').hidden = one();
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
  : view.unit === 'share' ? percent(value / state.account.installed_bytes, 3) : bytes(value);

/** The index of the last sample up to a time. */
function indexAt(ms) {
  let low = 0, high = shown.ms.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (shown.ms[middle] <= ms) low = middle; else high = middle - 1;
  }
  return low;
}

const sumAt = at => shown.visible.reduce((sum, { id }) => shown.values.get(id)[at] === null || shown.values.get(id)[at] === undefined ? sum : (sum ?? 0) + shown.values.get(id)[at], null);

function updateLegend() {
  if (!shown) return;
  const at = state.cursor ?? (view.at === null ? shown.ms.length - 1 : indexAt(view.at)), then = state.cursor === null && !one() && view.at !== null ? accountOf(view.at) : null;
  const value = id => then ? then.rows.find(row => row.id === id)?.bytes ?? null : shown.values.get(id)?.[at];
  const sum = then ? shown.visible.reduce((all, { id }) => value(id) === null ? all : (all ?? 0) + value(id), null) : sumAt(at), ms = then ? view.at : shown.ms[at] ?? 0;
  for (const button of $('legend').children) {
    button.lastChild.textContent = amount(value(button.dataset.id));
    button.hidden = shown.empty.has(button.dataset.id);
  }
  const hidden = state.hidden.size ? ', without what is hidden' : '', what = one() ? bands[0].title : part() === 'kernel' ? 'Kernel memory' : 'All memory';
  const when_ = state.cursor !== null || view.at !== null ? ` at ${when(ms, Date.now())}` : '';
  $('chart-title').textContent = problem ? `${what}: ${problem}` : `${what}${when_}: ${amount(sum)}${hidden}`;
  $('chart-title').dataset.bytes = sum ?? '';
  $('chart').setAttribute('aria-label', `${one() ? 'Chart' : 'Stacked chart'} of ${what}. At ${clock(ms)}: ${amount(sum)}${hidden}`);
  Object.assign($('chart').dataset, { points: shown.ms.length, from: Math.round(state.from), to: Math.round(state.to), drawn: `${view.of ?? part()}` });
  const seen = state.marks.filter(mark => mark.kind !== 'cache' && mark.time_ms >= state.from && mark.time_ms <= state.to);
  if ($('marks').childElementCount !== seen.length)
    $('marks').replaceChildren(...seen.map(mark => el('li', { class: mark.kind }, el('button', { type: 'button', class: 'link', onclick: () => show({ at: mark.time_ms }) }, when(mark.time_ms)), ` ${mark.text.startsWith(`${mark.kind}:`) ? '' : `${markName(mark)}: `}${local(mark.text)}`)));
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
    el('caption', {}, `${when(state.from)} to ${when(state.to)}, ${count(inside.length)} samples`),
    el('thead', {}, el('tr', {}, ...['Row', 'At the end', 'Smallest', 'Largest', 'Growth'].map((text, at) => el('th', { scope: 'col', class: at ? 'number' : null }, text)))),
    el('tbody', {}, ...rows));
}

/* ---- for the page ---- */

const pressed = (selector, key, value) => { for (const button of document.querySelectorAll(selector)) button.setAttribute('aria-pressed', String(button.dataset[key] === value)); };

function showChoice() {
  pressed('[data-part]', 'part', one() ? '' : part());
  pressed('[data-unit]', 'unit', view.unit === 'share' ? 'share' : 'bytes');
  $('one').hidden = !one();
  $('one').textContent = one() ? `${LISTS[view.of]} ${view.key} ✕` : '';
}

/** The samples that are drawn, within what is seen: for downloads. */
export function seenSamples() {
  const inside = shown.ms.flatMap((ms, i) => ms >= state.from && ms <= state.to ? [i] : []);
  return { title: $('chart-title').textContent, from: state.from, to: state.to, stacked: !one(), unit: view.unit, share: 1 / state.account.installed_bytes, ms: inside.map(i => shown.ms[i]), canvas: plot.ctx.canvas,
    bands: bands.filter(band => !state.hidden.has(band.id) && !shown.empty.has(band.id)).map(band => ({ id: band.id, title: band.title, color: color(one() ? null : band.id, bands.indexOf(band)), values: inside.map(i => shown.values.get(band.id)[i] ?? null) })) };
}

/** Values of a row of the account, oldest first, and their times. */
export function historyOf(id) {
  const { base } = state.sets.account ?? {};
  return base ? { ms: base.times, values: base.rows.get(id) ?? new Array(base.times.length).fill(null) } : { ms: [], values: [] };
}

/** The value of a row of the account in the last sample up to a time; null: not at hand. */
export function valueAt(id, ms) {
  const { ms: times, values } = historyOf(id);
  const at = times.findLastIndex(time => time <= ms);
  return at < 0 ? null : values[at];
}

export const marks = () => state.marks;
export const recorded = () => state.recorded;

export function liveEvent(event) {
  pushLive(event);
  if (one() && event.time_ms - (state.oneMs ?? 0) > EVERY_MS && state.follow) {
    state.oneMs = event.time_ms;
    loadOne();
  }
  refresh();
}

function viewChanged(changed) {
  const has = (...keys) => keys.some(key => changed.has(key));
  if (has('part', 'of', 'key')) {
    state.hidden = new Set();
    if (one()) {
      state.sets.one = { base: setOf({ times_ms: [], rows: {}, step_ms: 0 }), detail: null };
      loadOne();
    } else problem = null;
    bands = bandsOf(state.account);
    makeLegend();
  }
  if (has('part', 'of', 'key', 'unit')) { showChoice(); recreate(); wantDetail(); }
  if (has('from', 'to', 'span') && (view.from === null ? !state.follow : Math.round(state.from) !== view.from || Math.round(state.to) !== view.to)) place();
  if (has('at', 'vs')) { keepSeen(); plot?.redraw(false); updateLegend(); showSpan(); }
}

/** The chosen time is within what is drawn. */
function keepSeen() {
  if (view.at === null || (view.at >= state.from && view.at <= state.to)) return;
  const half = (state.to - state.from) / 2;
  look(view.at - half, view.at + half);
}

/** Looks where the address says. */
function place() {
  if (view.from !== null && view.to !== null && view.to > view.from) return look(view.from, view.to);
  setSpan(view.span ?? usualSpan());
}

export function startChart(account, history) {
  state.account = account;
  history ??= { times_ms: [Date.now()], first_ms: Date.now() - 1, last_ms: Date.now(), step_ms: 0, marks: [], recorded: null, rows: Object.fromEntries(account.rows.map(row => [row.id, row.bytes])) };
  state.sets = { account: { base: setOf(history), detail: null }, one: { base: setOf({ times_ms: [], rows: {}, step_ms: 0 }), detail: null } };
  Object.assign(state, { firstMs: history.first_ms, lastMs: history.last_ms, marks: history.marks, recorded: history.recorded });
  bands = bandsOf(account);
  state.usualMs = state.lastMs - state.firstMs < 120e3 ? 60e3 : 300e3;
  state.spanMs = usualSpan();
  state.to = state.lastMs;
  state.from = state.spanMs ? state.to - state.spanMs : state.firstMs;
  $('spans').append(...SPANS.map(([text, ms]) => el('button', { type: 'button', 'data-ms': ms, 'aria-pressed': 'false', onclick: () => setSpan(ms) }, text)));
  $('follow').hidden = !account.host.live;
  $('follow').addEventListener('click', () => { show({ at: null }); setSpan(state.spanMs); });
  $('one').addEventListener('click', () => show({ of: null, key: null }));
  $('chart').addEventListener('keydown', key);
  $('values').addEventListener('toggle', updateLegend);
  for (const button of document.querySelectorAll('[data-part]')) button.addEventListener('click', () => show({ part: button.dataset.part === 'kernel' ? null : button.dataset.part, of: null, key: null }));
  for (const button of document.querySelectorAll('[data-unit]')) button.addEventListener('click', () => show({ unit: button.dataset.unit === 'bytes' ? null : button.dataset.unit }));
  onView(viewChanged);
  showChoice();
  makeLegend();
  recreate();
  if (view.from !== null || view.span !== null) place();
  else if (view.at !== null) keepSeen();
  if (one()) loadOne();
  showSpan();
  new ResizeObserver(() => plot && plot.setSize({ width: $('chart').clientWidth, height: plot.height })).observe($('chart'));
}

export const renewTitle = () => updateLegend();
export const redrawChart = () => plot && recreate();
