// SPDX-License-Identifier: GPL-2.0-or-later
// The account and the lists of any time: of now, of the page's time, and of the time that these
// are compared with. A sample of the past does not change, so it is asked for once.

import { atTime, get } from './lib.js';
import { valueAt } from './chart.js';
import { view } from './view.js';

const KEPT = 24; // answers
const kept = new Map();
let live = null; // the account of now
let then = null, before = null, thenMs = null; // accounts of view.at and view.vs

export const setLive = account => { live = account; };
/** The account that the page shows. */
export const seen = () => view.at === null ? live : then ?? live;
/** The account of a time, if it is the one at hand; null: it is not. */
export const accountOf = ms => thenMs === ms ? then : null;
/** The account that it is compared with; null: none. */
export const compared = () => view.vs === null ? null : before;

/** A command at a time; null: now. */
export function ask(command, ms, args = {}) {
  if (ms === null) return get(command, args);
  const key = JSON.stringify([command, ms, args]);
  if (!kept.has(key)) {
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value);
    kept.set(key, get(command, atTime(ms, args)).catch(error => { kept.delete(key); throw error; }));
  }
  return kept.get(key);
}

/** Without a recording of that time, the rows that the chart has are known, and no more. */
function fromChart(ms) {
  const rows = live.rows.map(row => ({ ...row, bytes: valueAt(row.id, ms), growth: null, quality: null }));
  for (const row of rows) row.share = row.bytes === null ? null : row.bytes / live.installed_bytes;
  return { ...live, rows, pressure: null };
}

async function accountAt(ms) {
  if (ms === null) return null;
  try {
    return await ask('account', ms);
  } catch (error) {
    if (valueAt('ram', ms) === null) throw error;
    return fromChart(ms);
  }
}

/** Gets the accounts that the view needs; false: the view has changed meanwhile. */
export async function loadAccounts() {
  const { at, vs } = view, [one, other] = await Promise.all([accountAt(at), accountAt(vs)]);
  if (view.at !== at || view.vs !== vs) return false;
  then = one;
  thenMs = at;
  before = other;
  return true;
}

/** A row's key, as in /api/v1/history. */
export function keyOf(command, row) {
  if (command === 'account') return row.id;
  const parts = command === 'stacks' || command === 'pagetables' ? [row.name, row.pid, row.kind] : [row.name, row.kind, row.path];
  return parts.filter(part => part !== null && part !== undefined).join(' ') + (row.copy ? `#${row.copy}` : '');
}

/** Rows with before_bytes and change; rows that are gone follow. */
export function joined(command, rows, old) {
  const left = new Map(old.map(row => [keyOf(command, row), row]));
  const both = rows.map(row => {
    const key = keyOf(command, row), was = left.get(key)?.bytes ?? null, fresh = !left.delete(key);
    return { ...row, before_bytes: was, fresh, change: row.bytes === null ? null : was !== null ? row.bytes - was : fresh ? row.bytes : null };
  });
  return both.concat([...left.values()].map(row => ({ ...Object.fromEntries(Object.keys(row).map(key => [key, null])), id: row.id, name: row.name, title: row.title, kind: row.kind, path: row.path, parent: row.parent, copy: row.copy, before_bytes: row.bytes, gone: true, change: row.bytes === null ? null : -row.bytes })));
}
