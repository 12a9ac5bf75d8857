// SPDX-License-Identifier: GPL-2.0-or-later
// The head of the page: the gravest finding in one line, and all of them with their evidence.

import { $, atTime, bytes, el, get, local, span, spark, when } from './lib.js';
import { recorded, window_, zoomTo } from './chart.js';
import { openCache, openRow } from './detail.js';
import { onView, show, view } from './view.js';

const RANK = { critical: 3, warning: 2, notice: 1, info: 0 };
const EVERY_MS = 300000; // the recorder looks no more often
const REST_MS = 400; // a time that is chosen is judged when no other one follows
const TRIES = 60; // a month takes seconds to judge, one client after the other
let account = null, loaded = false; // findings that are shown, and whether with their evidence
let present = null, asked = 0; // findings of now; turn of the last question about a time
let before = Promise.resolve(); // the last judgement, after which the next one is asked for

const shown = findings => findings.filter(one => RANK[one.severity] > 0);

/** The one sentence above everything; null: there is nothing to say without a recorder. */
function headline() {
  const found = shown(account.findings ?? []), judged = account.judged;
  if (found.length) return [found[0].severity, local(found[0].title), found.length - 1];
  if (!judged) return null;
  const past = judged.written_ms - judged.from_ms;
  if (past < 3600000) return ['good', `Nothing is wrong so far: growth shows after an hour, and ${judged.series === null ? 'there is a recording of' : 'the recorder has'} ${span(past)}`, 0];
  if (judged.series === null) return ['good', `Nothing was known to be wrong, judged by ${span(past)} of the recording up to ${when(judged.written_ms)}`, 0];
  return ['good', `Nothing is wrong: the recorder has judged ${judged.series} caches and rows over ${span(past)}`, 0];
}

const line = (name, value, type = 'span') => value ? [el('dt', {}, name), el('dd', {}, el(type, {}, value))] : [];

function chart(one) {
  const floors = one.floors_bytes ?? [];
  if (floors.length < 2) return null;
  return el('div', { class: 'floors' }, el('span', {}, bytes(Math.min(...floors))), spark(floors, 220, 34), el('span', {}, bytes(Math.max(...floors))));
}

/** What a finding is about, and when it began, on this page. */
function links(one) {
  const cache = /^slab:(.+)$/.exec(one.subject ?? '')?.[1], row = /^row:(.+)$/.exec(one.subject ?? '')?.[1];
  const since = one.since_ms && recorded() && one.since_ms >= window_().first ? one.since_ms : null;
  const begin = () => {
    const before = Math.max(600e3, (window_().last - since) / 2);
    if (cache) show({ of: 'slab', key: cache });
    zoomTo(since - before, Math.min(window_().last, since + before));
    show({ at: since });
    $('times').scrollIntoView({ block: 'nearest' });
  };
  const parts = [cache ? el('button', { type: 'button', class: 'link', onclick: () => openCache(cache) }, `The cache ${cache}`) : row ? el('button', { type: 'button', class: 'link', onclick: () => openRow(row) }, 'The row') : null,
    since ? el('button', { type: 'button', class: 'link', onclick: begin }, 'Its begin') : null].filter(Boolean);
  return parts.length ? el('p', { class: 'links' }, ...parts) : null;
}

function article(one) {
  const facts = [one.state, one.confidence === null || one.confidence === undefined ? null : `${Math.round(one.confidence * 100)} % sure`,
    one.since_ms ? `since ${when(one.since_ms)}` : null, one.hourly_bytes ? `${bytes(one.hourly_bytes)} an hour` : null];
  return el('article', { class: `finding ${one.severity}` },
    el('h3', {}, el('span', { class: 'severity' }, one.severity), ` ${local(one.title)}`),
    el('p', { class: 'facts' }, facts.filter(Boolean).join(' · ')), links(one), chart(one),
    one.evidence?.length ? el('ul', {}, ...one.evidence.map(text => el('li', {}, local(text)))) : null,
    el('dl', {}, ...line('Held by', one.culprit), ...line('Remedy', one.remedy), ...line('Costs', one.costs), ...line('Next', one.next, 'code')));
}

function fill(findings, note) {
  const found = shown(findings);
  $('findings-list').replaceChildren(...found.map(article), ...(found.length ? [] : [el('p', { class: 'hint' }, 'No findings.')]), ...(note ? [el('p', { class: 'note' }, local(note))] : []));
}

/** A month of samples is judged only when the panel opens. */
async function load() {
  if (loaded || view.at !== null || !$('findings').open) return;
  loaded = true;
  fill(account.findings ?? [], 'Looking closer …');
  try {
    const report = await get('diagnose', {}, TRIES);
    fill(report.findings, report.notes?.join(' '));
  } catch (error) {
    loaded = false;
    fill(account.findings ?? [], `Without evidence: ${error.message}`);
  }
}

function update() {
  const head = headline();
  $('findings').hidden = !head;
  if (!head) return;
  const [severity, text, more] = head;
  $('findings').className = `findings ${severity}`;
  $('findings-head').replaceChildren(...[severity === 'good' ? null : el('span', { class: 'severity' }, severity), el('span', { class: 'title' }, text),
    more ? el('span', { class: 'more' }, `${more} more`) : null].filter(Boolean));
}

function showJudged(now) {
  account = now;
  loaded = true;
  fill(now.findings, now.notes?.join(' '));
  update();
}

/** The recording up to a time, judged; null: up to its end. Null if it is not wanted any more. */
async function judged(at, wanted) {
  const now = before.then(() => wanted() ? get('diagnose', atTime(at), TRIES) : null);
  before = now.catch(() => null);
  const report = await now;
  if (!report) return null;
  const { findings, notes } = report;
  return { ...present, findings, notes, judged: { series: null, from_ms: recorded().first_ms, written_ms: at ?? recorded().last_ms } };
}

/** A recording has no recorder that judges: it is judged when the page is there. */
async function judge() {
  try {
    present = await judged(null, () => view.at === null) ?? present;
    if (view.at === null) showJudged(present);
  } catch { /* the findings of one reading stay */ }
}

/** The findings are of the page's time: what was known then. */
async function judgeThen() {
  const mine = ++asked, at = view.at;
  if (at === null) {
    account = present;
    loaded = false;
    update();
    if (present.host.live) return load();
    return present.judged?.series === null ? showJudged(present) : judge();
  }
  $('findings').hidden = false;
  $('findings').className = 'findings';
  $('findings-head').replaceChildren(el('span', { class: 'title' }, `Judging what was known at ${when(at)} …`));
  $('findings-list').replaceChildren();
  await new Promise(resolve => setTimeout(resolve, REST_MS));
  if (mine !== asked) return;
  try {
    const then = await judged(at, () => mine === asked);
    if (then && mine === asked) showJudged(then);
  } catch (error) {
    if (mine === asked) $('findings-head').replaceChildren(el('span', { class: 'title' }, `What was wrong at ${when(at)} is not known: ${error.message}`));
  }
}

export function startFindings(now) {
  account = present = now;
  update();
  $('findings').addEventListener('toggle', load);
  onView(changed => changed.has('at') && recorded() && judgeThen());
  if (view.at !== null && recorded()) judgeThen();
  if (!account.host.live) return recorded() && view.at === null ? judge() : null;
  setInterval(async () => {
    if (document.hidden) return;
    const { findings, judged } = await get('account').catch(() => account);
    present = { ...present, findings, judged };
    if (view.at !== null) return;
    account = present;
    loaded = false;
    update();
    load();
  }, EVERY_MS);
}
