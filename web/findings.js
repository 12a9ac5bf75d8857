// SPDX-License-Identifier: GPL-2.0-or-later
// The head of the page: the gravest finding in one line, and all of them with their evidence.

import { $, bytes, day, el, get, spark } from './lib.js';

const RANK = { critical: 3, warning: 2, notice: 1, info: 0 };
const EVERY_MS = 300000; // the recorder looks no more often
let account = null, loaded = false;

const shown = findings => findings.filter(one => RANK[one.severity] > 0);

function span(ms) {
  const minutes = Math.floor(ms / 60000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

/** The one sentence above everything; null: there is nothing to say without a recorder. */
function headline() {
  const found = shown(account.findings ?? []), judged = account.judged;
  if (found.length) return [found[0].severity, found[0].title, found.length - 1];
  if (!judged) return null;
  const past = judged.written_ms - judged.from_ms;
  if (past < 3600000) return ['good', `Nothing is wrong so far: growth shows after an hour, and the recorder has ${span(past)}`, 0];
  return ['good', `Nothing is wrong: the recorder has judged ${judged.series} caches and rows over ${span(past)}`, 0];
}

const line = (name, value, type = 'span') => value ? [el('dt', {}, name), el('dd', {}, el(type, {}, value))] : [];

function chart(one) {
  const floors = one.floors_bytes ?? [];
  if (floors.length < 2) return null;
  return el('div', { class: 'floors' }, el('span', {}, bytes(Math.min(...floors))), spark(floors, 220, 34), el('span', {}, bytes(Math.max(...floors))));
}

function article(one) {
  const facts = [one.state, one.confidence === null || one.confidence === undefined ? null : `${Math.round(one.confidence * 100)} % sure`,
    one.since_ms ? `since ${day(one.since_ms)}` : null, one.hourly_bytes ? `${bytes(one.hourly_bytes)} an hour` : null];
  return el('article', { class: `finding ${one.severity}` },
    el('h3', {}, el('span', { class: 'severity' }, one.severity), ` ${one.title}`),
    el('p', { class: 'facts' }, facts.filter(Boolean).join(' · ')), chart(one),
    one.evidence?.length ? el('ul', {}, ...one.evidence.map(text => el('li', {}, text))) : null,
    el('dl', {}, ...line('Held by', one.culprit), ...line('Remedy', one.remedy), ...line('Costs', one.costs), ...line('Next', one.next, 'code')));
}

function fill(findings, note) {
  const found = shown(findings);
  $('findings-list').replaceChildren(...found.map(article), ...(found.length ? [] : [el('p', { class: 'hint' }, 'No findings.')]), ...(note ? [el('p', { class: 'note' }, note)] : []));
}

/** A month of samples is judged only when the panel opens. */
async function load() {
  if (loaded || !$('findings').open) return;
  loaded = true;
  fill(account.findings ?? [], 'Looking closer …');
  try {
    const report = await get('diagnose');
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

export function startFindings(now) {
  account = now;
  update();
  $('findings').addEventListener('toggle', load);
  if (!account.host.live) return;
  setInterval(async () => {
    if (document.hidden) return;
    const { findings, judged } = await get('account').catch(() => account);
    account = { ...account, findings, judged };
    loaded = false;
    update();
    load();
  }, EVERY_MS);
}
