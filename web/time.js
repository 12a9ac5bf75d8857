// SPDX-License-Identifier: GPL-2.0-or-later
// The bar of the time: which time the page shows, from when to when the chart goes, what is
// compared, and the link that holds it.

import { $, clock, day, el, isUtc, span, typedMs, when, zone } from './lib.js';
import { marks, markName, setSpan, window_, zoomTo } from './chart.js';
import { seen } from './then.js';
import { onView, show, view } from './view.js';

const BEFORE = [['10 min before', 600e3], ['1 h before', 3600e3], ['1 day before', 86400e3], ['1 week before', 604800e3]];
const MARKS = 12;
let live = false, problem = null;

const typed = ms => ms === null ? '' : `${day(ms)}T${clock(ms)}`;
/** Times of a recording have their day always, as "now" is not of its days. */
const today = () => live ? Date.now() : null;
const present = () => live ? Date.now() : window_().last;

/** "at 14:02:10, 2 h before now"; empty: the newest. */
export function thenText() {
  if (view.at === null) return '';
  return `at ${when(view.at, today())}, ${span(present() - view.at)} before ${live ? 'now' : 'the end of the recording'}`;
}

export function sayProblem(text) {
  problem = text;
  update();
}

function fill(input, ms) {
  if (document.activeElement !== input) input.value = typed(ms);
}

function comparisons() {
  const seen = marks().filter(mark => !['cache', 'moved'].includes(mark.kind)).slice(-MARKS).reverse();
  $('vs').replaceChildren(el('option', { value: '' }, 'nothing'),
    ...(view.vs === null ? [] : [el('option', { value: view.vs, selected: true }, when(view.vs, today()))]),
    ...BEFORE.map(([text, ms]) => el('option', { value: `-${ms}` }, text)),
    ...seen.map(mark => el('option', { value: mark.time_ms }, `${markName(mark)} ${when(mark.time_ms)}`)));
}

function update() {
  const { from, to } = window_(), then = thenText(), compared = view.vs === null ? '' : `, compared with ${when(view.vs, today())}, ${span((view.at ?? present()) - view.vs)} ${view.vs > (view.at ?? present()) ? 'later' : 'earlier'}`;
  const taken = view.at === null || problem ? NaN : Date.parse(seen()?.host.time), other = view.at - taken > 1500 ? ` (the sample of ${when(taken, today())})` : '';
  $('time-now').textContent = problem ? `${then || 'now'}: ${problem}` : then ? `${then[0].toUpperCase()}${then.slice(1)}${other}${compared}` : `${live ? 'Now' : `The end of the recording, ${when(present())}`}${compared}`;
  $('time-now').classList.toggle('past', view.at !== null);
  $('back').hidden = view.at === null && view.vs === null;
  fill($('from'), from);
  fill($('to'), to);
  fill($('at'), view.at);
  if (document.activeElement !== $('vs')) comparisons();
  $('share').href = location.href;
}

const chosen = input => typedMs(input.value);

function range() {
  const from = chosen($('from')), to = chosen($('to'));
  if (from !== null && to !== null && from < to) zoomTo(from, to);
}

function compare() {
  const text = $('vs').value;
  if (text === '') return show({ vs: null });
  const ms = Number(text);
  show({ vs: ms < 0 ? (view.at ?? present()) + ms : ms });
}

async function share(event) {
  if (!navigator.clipboard) return; // the link itself is followed and can be copied
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(location.href);
    $('share').textContent = 'Copied';
  } catch {
    $('share').textContent = 'Copy the address of this page';
  }
  setTimeout(() => { $('share').textContent = 'Link to this view'; }, 2000);
}

export function startTime(account) {
  live = account.host.live;
  $('zone').textContent = `times: ${zone(present())}`;
  $('zone').title = isUtc() ? 'Show the times of this browser' : 'Show times in UTC';
  $('zone').addEventListener('click', () => show({ utc: isUtc() ? null : '1' }));
  onView(changed => changed.has('utc') && location.reload()); // every part of the page has times
  $('back').textContent = live ? 'Back to live' : 'Back to the end';
  $('back').addEventListener('click', () => { show({ at: null, vs: null }); if (live) setSpan(view.span ?? 300e3); });
  for (const id of ['from', 'to']) $(id).addEventListener('change', range);
  $('at').addEventListener('change', () => show({ at: chosen($('at')) }));
  $('vs').addEventListener('change', () => { compare(); $('vs').blur(); });
  $('share').addEventListener('click', share);
  onView(update);
  update();
  setInterval(update, 1000);
}
