// SPDX-License-Identifier: GPL-2.0-or-later
// The page in Chromium: every test is a page of its own, and no test may leave an error on the
// console or ask another host for anything.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { thenTests } from './then.mjs';

const ktally = process.argv[2], shots = process.env.KTALLY_SHOTS;
const only = process.argv.slice(3);
const tests = [];
const test = (name, options, run) => tests.push({ name, options: run ? options : {}, run: run ?? options });

const shown = process.env.KTALLY_SHOWN; // a page that is served already, with a past: for the screenshots
const servers = [];
const serve = (...options) => start([ktally, 'serve', '--listen', '127.0.0.1:0', ...options]);
serve.within = command => start([...command, ktally, 'serve', '--listen', '127.0.0.1:0']);
async function start([program, ...options]) {
  const process = spawn(program, options, { stdio: ['ignore', 'inherit', 'pipe'] });
  servers.push(process);
  const base = await new Promise((resolve, reject) => {
    let said = '';
    process.stderr.on('data', data => {
      const found = /(http:\S+).*\n/.exec(said += data);
      if (found) resolve(found[1]);
    });
    process.once('exit', () => reject(new Error(`ktally serve has ended: ${said}`)));
  });
  return { process, base };
}
const { base } = await serve();
let armedServer = null;
const armed = async () => armedServer ??= await serve('--allow-watch');

const api = async path => (await fetch(`${base}api/v1/${path}`)).json();
const ready = page => page.waitForSelector('body[data-ready=yes]', { timeout: 15000 });
const turn = page => page.evaluate(() => Number(document.body.dataset.turn ?? 0));
const chart = page => page.evaluate(() => {
  const { from, to, points } = document.getElementById('chart').dataset;
  return { from: Number(from), to: Number(to), points: Number(points) };
});
const bars = page => page.evaluate(() => Number(document.getElementById('chart-title').dataset.bytes));
const PATIENCE_MS = 30000; // a machine that runs other tests meanwhile is slow, and no test asserts a time
const until = async (what, check, ms = PATIENCE_MS) => {
  const end = Date.now() + ms;
  while (!await check()) {
    assert(Date.now() < end, `${what} did not come`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
};

test('the chart moves each second', async page => {
  // a sample is counted before it is drawn
  const first = await chart(page);
  await until('four more points', async () => (await chart(page)).points >= first.points + 4);
  const last = await chart(page);
  assert(last.to > first.to + 3000 && last.from > first.from + 3000, 'the window does not move');
});

test('the sum of the bands is the kernel row of the stream, the API and the account', async page => {
  // the sample of the page and that of the API are the same where the turn did not change
  await until('one moment for both', async () => {
    const before = await turn(page), account = await api('account'), sum = await bars(page);
    if (await turn(page) !== before) return false;
    const kernel = account.rows.find(row => row.id === 'kernel').bytes;
    const children = account.rows.filter(row => row.parent === 'kernel').reduce((total, row) => total + (row.bytes ?? 0), 0);
    assert.equal(children, kernel);
    return sum === kernel;
  });
  const account = JSON.parse(execFileSync(ktally, ['-o', 'json']));
  const kernel = account.rows.find(row => row.id === 'kernel').bytes;
  assert(Math.abs(kernel - await bars(page)) < kernel * 0.2, 'far from the command');
  await page.click('[data-part=ram]');
  assert.equal(await bars(page), account.installed_bytes);
});

test('the unit can be a share of memory', async page => {
  await page.click('[data-unit=share]');
  assert.match(await page.textContent('#chart-title'), /%/);
  await page.click('[data-unit=bytes]');
  assert.match(await page.textContent('#chart-title'), /iB/);
});

test('dragging zooms, and Live returns', async page => {
  const box = await page.locator('#chart .u-over').boundingBox(), before = await chart(page);
  await page.mouse.move(box.x + box.width * 0.6, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 4 });
  await page.mouse.up();
  const zoomed = await chart(page);
  assert(zoomed.to - zoomed.from < (before.to - before.from) * 0.3, 'it did not zoom');
  assert.equal(await page.getAttribute('#follow', 'aria-pressed'), 'false');
  const at = await turn(page);
  await until('two samples', async () => await turn(page) >= at + 2);
  assert.deepEqual({ ...await chart(page), points: 0 }, { ...zoomed, points: 0 }, 'what was chosen does not stay');
  await page.click('#follow');
  assert((await chart(page)).to > zoomed.to);
});

test('the wheel and the keys zoom and pan', async page => {
  const before = await chart(page), box = await page.locator('#chart .u-over').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 50);
  await page.mouse.wheel(0, -300);
  await until('the zoom by the wheel', async () => { const now = await chart(page); return now.to - now.from < before.to - before.from; });
  const wheeled = await chart(page);
  await page.focus('#chart');
  for (let i = 0; i < 5; i++) await page.keyboard.press('+');
  const closer = await chart(page);
  assert(closer.to - closer.from < wheeled.to - wheeled.from);
  await page.keyboard.press('Shift+ArrowLeft');
  const panned = await chart(page);
  assert(panned.from < closer.from && Math.abs((panned.to - panned.from) - (closer.to - closer.from)) < 2, 'it did not pan');
  await page.keyboard.press('End');
  assert.equal(await page.getAttribute('#follow', 'aria-pressed'), 'true');
});

test('values are read with the arrows', async page => {
  await page.focus('#chart');
  await page.keyboard.press('ArrowLeft');
  const label = await page.getAttribute('#chart', 'aria-label');
  assert.match(label, /At \d\d:\d\d:\d\d: [\d.]+ [KMG]iB/);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await page.getAttribute('#chart', 'aria-label'), label);
});

test('the legend hides bands, by mouse and by keyboard', async page => {
  const all = await bars(page);
  await page.click('.legend button[data-id=slab_reclaimable]');
  assert(await bars(page) < all);
  assert.match(await page.textContent('#chart-title'), /without what is hidden/);
  await page.focus('.legend button[data-id=slab_reclaimable]');
  await page.keyboard.press('Enter');
  assert.equal(await page.getAttribute('.legend button[data-id=slab_reclaimable]', 'aria-pressed'), 'true');
  await page.keyboard.press('Space');
  assert.equal(await page.getAttribute('.legend button[data-id=slab_reclaimable]', 'aria-pressed'), 'false');
});

test('the chart is there as a table', async page => {
  await page.click('#values summary');
  await until('the table', async () => await page.locator('#values-table tbody tr').count() > 5);
  assert.match(await page.textContent('#values-table'), /unreclaimable slab/);
});

test('the map is descended and left by mouse', async page => {
  const at = () => page.getAttribute('#map', 'data-at');
  await page.click('#crumbs button >> text=installed memory');
  assert.equal(await at(), 'ram');
  await page.click('#map .cell[data-id=kernel]', { position: { x: 4, y: 4 } });
  await until('the kernel', async () => await at() === 'kernel');
  await page.click('#map .cell[data-id=slab]', { position: { x: 4, y: 4 } });
  await until('slab', async () => await at() === 'slab');
  const caches = (await api('slab')).caches;
  await page.waitForSelector(`#map .cell[data-id="slab/${caches.sort((a, b) => b.bytes - a.bytes)[0].name}"]`);
  await page.keyboard.press('Escape');
  await until('the way up', async () => await at() === 'kernel');
});

test('the map is walked by keyboard', async page => {
  await page.focus('#map .cell[data-id=slab]');
  await page.keyboard.press('Enter');
  await until('slab', async () => await page.getAttribute('#map', 'data-at') === 'slab');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.evaluate(() => document.activeElement.dataset.id), /^slab\//);
  await page.keyboard.press('Backspace');
  assert.equal(await page.getAttribute('#map', 'data-at'), 'kernel');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.id), 'slab');
});

test('areas of the map are in proportion', async page => {
  const wrong = await page.evaluate(async () => {
    const { squarify } = await import('/map.js');
    const items = Array.from({ length: 60 }, (_, i) => ({ bytes: 2 ** (i % 17) + i })).sort((a, b) => b.bytes - a.bytes);
    const whole = items.reduce((sum, item) => sum + item.bytes, 0), placed = squarify(items, 0, 0, 800, 400);
    const off = placed.filter(p => Math.abs(p.w * p.h / 320000 - p.item.bytes / whole) > 1e-9 || p.x < -1e-6 || p.y < -1e-6 || p.x + p.w > 800.001 || p.y + p.h > 400.001);
    return placed.length === items.length ? off.length : -1;
  });
  assert.equal(wrong, 0);
});

test('tables are sorted and filtered by mouse', async page => {
  await page.waitForSelector('#list tbody tr');
  const names = () => page.locator('#list tbody tr').evaluateAll(rows => rows.map(row => row.dataset.name));
  const before = await names();
  await page.click('[data-sort=name]');
  const sorted = await names();
  assert.deepEqual(sorted, sorted.slice().sort((a, b) => a.localeCompare(b)));
  assert.equal(await page.locator('th[aria-sort=ascending]').count(), 1);
  await page.click('[data-sort=bytes]');
  assert.equal((await names())[0], before[0]);
  await page.fill('#filter', 'kmalloc-');
  const filtered = await names();
  assert(filtered.length && filtered.every(name => name.includes('kmalloc-')), filtered.join());
});

test('tables are sorted and filtered by keyboard', async page => {
  await page.waitForSelector('#list tbody tr');
  await page.focus('[data-sort=objects]');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('th[aria-sort=descending]').textContent(), 'Objects ↓');
  await page.focus('#tab-caches');
  await page.keyboard.press('ArrowRight');
  await until('vmalloc', async () => /callers of vmalloc/.test(await page.textContent('#summary')));
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'filter');
});

test('every table shows rows', async page => {
  for (const tab of ['vmalloc', 'cgroups', 'account', 'caches']) {
    await page.click(`#tab-${tab}`);
    await until(tab, async () => await page.locator('#list tbody tr').count() > 2);
  }
});

test('a row is explained, and has an address', async page => {
  await page.click('.tile[data-row=percpu]');
  await page.waitForSelector('#detail[open]');
  for (const part of ['What it is', 'What is normal here', 'history says', 'What a rise usually means', 'What to do next'])
    assert(new RegExp(part).test(await page.textContent('#detail')), part);
  assert.match(page.url(), /#row=percpu$/);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#detail[open]').count(), 0);
  await page.click('#list tbody th button');
  await page.waitForSelector('#detail[open]');
  assert.match(page.url(), /#cache=/);
});

test('a cache that grows shows it in table and chart', async page => {
  if (process.getuid() !== 0) return 'needs root';
  const held = () => page.evaluate(() => {
    const text = document.querySelector('#list tr[data-name=dentry] td')?.textContent ?? '';
    const [, size, unit] = /([\d.]+) ([KMG])iB/.exec(text) ?? [0, 0, 'K'];
    return Number(size) * { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[unit];
  });
  const slab = () => page.evaluate(async () => (await import('/chart.js')).historyOf('slab').values.at(-1));
  await until('the table', async () => await held() > 0);
  const before = { table: await held(), chart: await slab() };
  // A value from 1 GiB on is shown in steps of 0.1 GiB.
  const large = before.table > 700 * 2 ** 20, growth = (large ? 320 : 64) * 2 ** 20, slack = (large ? 160 : 4) * 2 ** 20;
  const folder = mkdtempSync(join(tmpdir(), 'ktally-web-'));
  try {
    // Names that do not exist are remembered until their folder goes. They fill what slabs have
    // free first, so how many it takes is for slabinfo to say.
    execFileSync('python3', ['-c', `
import os, sys
def held():
    for line in open("/proc/slabinfo"):
        if line.startswith("dentry "):
            f = line.split()
            return int(f[5]) * int(f[14]) * os.sysconf("SC_PAGE_SIZE")
goal = held() + int(sys.argv[2])
for i in range(8000000):
    if i % 20000 == 0 and held() >= goal: break
    try: os.stat(f"{sys.argv[1]}/{i}")
    except OSError: pass
else: sys.exit("8,000,000 names did not make the cache grow")`, folder, String(growth)]);
    await until('the growth in the table', async () => await held() >= before.table + growth - slack, PATIENCE_MS);
    await until('the growth in the chart', async () => await slab() >= before.chart + growth - slack, PATIENCE_MS);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('dark and light are chosen by the system and by the switch', { colorScheme: 'dark' }, async page => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.click('#theme');
  const light = await background();
  assert.notEqual(dark, light);
  await page.reload();
  await ready(page);
  assert.equal(await background(), light, 'the choice is forgotten');
});

test('nothing scrolls sideways at the width of a phone', { viewport: { width: 360, height: 740 } }, async page => {
  for (const part of ['kernel', 'ram']) {
    await page.click(`[data-part=${part}]`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  }
});

test('everything that is pressed has a name', async page => {
  const bad = await page.evaluate(() => [...document.querySelectorAll('button, input, a, [role=img], [role=tab]')]
    .filter(node => node.offsetParent && !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length)).map(node => node.outerHTML.slice(0, 80)));
  assert.deepEqual(bad, []);
});

test('without scripts the account is a table', { javaScriptEnabled: false }, async page => {
  const text = await page.textContent('table.account');
  for (const row of ['installed memory', 'kernel', 'slab', 'unattributed']) assert(text.includes(row), row);
  assert.equal(await page.locator('#app').isVisible(), false);
});

test('a captured machine and a recording are shown without an error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ktally-web-')), file = join(folder, 'x.rec');
  try {
    execFileSync(ktally, ['record', '-i', '0.1', '-n', '12', file]);
    for (const source of [fileURLToPath(new URL('../fixtures/6.1', import.meta.url)), file]) {
      const other = await serve('-s', source), { context, page, problems } = await open({}, other.base);
      await page.waitForSelector('#list tbody tr');
      await page.click('#list tbody th button');
      await page.waitForSelector('#detail[open]');
      assert.equal(await page.locator('#chart').isVisible(), source === file, 'a chart of one moment');
      if (source === file) assert.equal((await chart(page)).points, 12);
      await context.close();
      other.process.kill('SIGTERM');
      assert.deepEqual(problems, []);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/* ---- who holds it ---- */

/** Stacks as a watch has them: a process, kernel work, and one in an interrupt. */
const PROFILE = [
  { held_bytes: 6000, held_objects: 60, allocated_bytes: 6000, who: 'holder', context: 'task', held_samples: 60, held_seen_bytes: 5900, held_variance: 40000, stack: 'alloc+0x1 < hold+0x2 [leaky] < ioctl+0x3 < entry+0x4' },
  { held_bytes: 3000, held_objects: 30, allocated_bytes: 9000, who: 'holder', context: 'task', held_samples: 30, held_seen_bytes: 2900, held_variance: 20000, stack: 'alloc+0x1 < open+0x2 < entry+0x9' },
  { held_bytes: 1000, held_objects: 10, allocated_bytes: 1000, who: '(interrupt)', context: 'interrupt', held_samples: 10, held_seen_bytes: 900, held_variance: 9000, stack: 'alloc+0x1 < receive+0x5 < handle_softirqs+0x4' },
  { held_bytes: 0, held_objects: 0, allocated_bytes: 500, who: 'churner', context: 'task', held_samples: 0, held_seen_bytes: 0, held_variance: 0, stack: 'alloc+0x1 < read+0x4' },
];
const BOX = name => `.flame .box[data-name="${name}"]`;
const draw = (page, profile = PROFILE) => page.evaluate(async rows => {
  const { flameGraph, treeOf } = await import('/flame.js'), place = document.createElement('div');
  document.getElementById('users').replaceChildren(place);
  place.className = 'flame-place';
  document.getElementById('users').showModal();
  flameGraph(place, 'test').show(treeOf(rows, 'held'));
}, profile);
const widthOf = (page, name) => page.locator(`${BOX(name)} rect`).first().evaluate(rect => Number(rect.getAttribute('width')));

test('boxes of a flame graph are in proportion, and say their amount and error', async page => {
  await draw(page);
  const all = await widthOf(page, 'all'), off = async (name, share) => Math.abs(await widthOf(page, name) / all - share);
  for (const [name, share] of [['holder', 0.9], ['hold [leaky]', 0.6], ['open', 0.3], ['(interrupt)', 0.1]]) assert(await off(name, share) < 0.01, name);
  assert.equal(await page.locator(BOX('churner')).count(), 0, 'what was freed is not held');
  assert.equal(await page.locator(BOX('entry')).count(), 1, 'places within a function are one box');
  assert.equal(await page.locator('.flame .interrupt .hatch').count(), 1);
  assert.equal(await page.locator('.flame .module').count(), 1);
  assert.match(await page.getAttribute(BOX('hold [leaky]'), 'aria-label'), /5\.9 KiB ± [\d.]+ %, 60\.0 % of all, 60 objects, 60 samples/);
  await page.hover(BOX('(interrupt)'));
  assert.match(await page.textContent('.flame-tip'), /1000 B ± .*in an interrupt: the process that ran then has nothing to do with it/);
});

test('a flame graph is zoomed and searched by mouse', async page => {
  await draw(page);
  const whole = await widthOf(page, 'all'), before = await widthOf(page, 'hold [leaky]');
  await page.click(BOX('hold [leaky]'));
  assert(await widthOf(page, 'hold [leaky]') > before * 1.5 && Math.abs(await widthOf(page, 'hold [leaky]') - whole) < 2);
  assert.equal(await page.locator(BOX('open')).count(), 0);
  await page.click('.flame-bar button >> text=Back');
  assert.equal(await page.locator(BOX('open')).count(), 0, 'one step only');
  await page.click('.flame-bar button >> text=All');
  assert(Math.abs(await widthOf(page, 'hold [leaky]') - before) < 1);
  await page.fill('.flame-bar input', 'alloc');
  assert.match(await page.textContent('.flame-bar'), /9\.8 KiB, 100\.0 % of all/);
  await page.fill('.flame-bar input', 'leaky');
  assert.match(await page.textContent('.flame-bar'), /5\.9 KiB, 60\.0 % of all/);
  assert.equal(await page.locator('.flame .hit').count(), 1);
  await page.fill('.flame-bar input', 'nothing like it');
  assert.match(await page.textContent('.flame-bar'), /no function has this name/);
});

test('a flame graph is walked and zoomed by keyboard', async page => {
  await draw(page);
  const at = () => page.evaluate(() => document.activeElement.dataset.name);
  await page.focus(BOX('all'));
  for (const [key, name] of [['ArrowDown', 'holder'], ['ArrowRight', '(interrupt)'], ['ArrowLeft', 'holder'], ['ArrowDown', 'entry'], ['ArrowDown', 'ioctl'], ['ArrowRight', 'open']]) {
    await page.keyboard.press(key);
    assert.equal(await at(), name, key);
  }
  await page.keyboard.press('Enter');
  assert.equal(await page.getAttribute('.flame', 'data-zoomed'), 'open');
  assert.equal(await at(), 'open');
  await page.keyboard.press('Escape');
  assert.equal(await page.getAttribute('.flame', 'data-zoomed'), 'entry', 'Escape goes back before it closes');
  await page.keyboard.press('Home');
  assert.equal(await page.getAttribute('.flame', 'data-zoomed'), 'all');
  assert.match(await page.textContent('.flame-read'), /^all · 9\.8 KiB ± /);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#users[open]').count(), 0);
});

test('names in stacks are text, whatever they are', async page => {
  await draw(page, [{ ...PROFILE[0], who: '<img src=x onerror=alert(1)>', stack: '"><script>alert(1)</script>+0x1 < __proto__+0x2' }]);
  assert.equal(await page.locator('#users img, #users script').count(), 0);
  assert.equal(await page.locator(BOX('__proto__')).count(), 1);
});

test('a deep flame graph fits the width of a phone', { viewport: { width: 360, height: 740 } }, async page => {
  await draw(page, [{ ...PROFILE[0], stack: Array.from({ length: 48 }, (_, i) => `a_function_with_a_long_name_${i}+0x1`).join(' < ') }]);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.equal(await page.evaluate(() => { const dialog = document.getElementById('users'); return dialog.scrollWidth - dialog.clientWidth; }), 0);
});

/** A page whose refused requests for what is known are no fault: most kernels keep none of it. */
async function openWho(at, what, options = {}) {
  const { context, page, problems } = await open(options, at);
  const left = () => problems.filter(problem => !/^40[34]: .*\/api\/v1\/users\?/.test(problem) && !/status of 40[34]/.test(problem));
  await page.waitForSelector(`#list tr[data-name="${what}"]`);
  return { context, page, left };
}

test('a server without --allow-watch shows what is known, and the command', async () => {
  const { context, page, left } = await openWho(base, 'dentry');
  await page.click('#list tr[data-name=dentry] td button >> text=Who?');
  await page.waitForSelector('#users[open]');
  await until('the command', async () => /ktally users dentry --watch 30s/.test(await page.textContent('#users')));
  assert.match(await page.textContent('#users'), /without --allow-watch/);
  assert.equal(await page.isVisible('.watch-form'), false);
  assert.match(page.url(), /#users=dentry$/);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#users[open]').count(), 0);
  await until('the address without it', () => !page.url().includes('#'));
  // from a row of the account, too
  await page.click('.tile[data-row=vmalloc]');
  await page.click('#detail .who');
  await page.waitForSelector('#users[open]');
  assert.equal(await page.locator('#detail[open]').count(), 0);
  await until('callers of vmalloc', async () => /Areas of vmalloc/.test(await page.textContent('#users')));
  assert.deepEqual(left(), []);
  await context.close();
  assert.equal((await fetch(`${base}api/v1/watch?what=dentry&for=5s`, { method: 'POST' })).status, 403);
});

/** Until the stage of the watch is one of these; returns it. */
async function stage(at, ...wanted) {
  let now = null;
  await until(wanted.join(), async () => wanted.includes(now = (await (await fetch(`${at}api/v1/watch`)).json()).watch?.stage ?? 'none'), 120000);
  return now;
}

test('allocations are watched by a click, and drawn', async () => {
  if (process.getuid() !== 0) return 'needs root';
  const { base: at } = await armed(), { context, page, left } = await openWho(at, 'dentry');
  await page.click('#list tr[data-name=dentry] td button >> text=Who?');
  await page.selectOption('#users-time', '10s');
  // names that do not exist are remembered until their folder goes
  const folder = mkdtempSync(join(tmpdir(), 'ktally-web-'));
  const load = spawn('python3', ['-c', `
import os, sys, time
for i in range(100000):
    try: os.stat(f"{sys.argv[1]}/{i}")
    except OSError: pass
    if i % 500 == 0: time.sleep(0.05)`, folder]);
  try {
    await page.click('.watch-form .primary');
    await until('progress', async () => /\d+ s left · [\d ]+ samples/.test(await page.textContent('.watch-progress')) || await page.isVisible('.problem'));
    if (await page.isVisible('.problem')) return `this kernel: ${await page.textContent('.problem')}`;
    await until('the graph', async () => await page.locator('.flame .box').count() > 3 || await page.isVisible('.problem'), 120000);
  } finally {
    load.kill();
    rmSync(folder, { recursive: true });
  }
  if (await page.isVisible('.problem')) return `this kernel: ${await page.textContent('.problem')}`;
  assert.match(await page.textContent('.coverage'), /^(Events showed|How much of it)/);
  assert.equal(await page.locator(BOX('python3')).count(), 1, 'the holder is not named');
  const report = await (await fetch(`${at}api/v1/watch/result`)).json();
  assert.match(await page.getAttribute(BOX('python3'), 'aria-label'), / [±(]/);
  // the page's bounds of the whole are the program's
  const mine = await page.evaluate(async rows => {
    const { bounds, treeOf } = await import('/flame.js'), root = treeOf(rows, 'held');
    return bounds(root.bytes, root.variance, root.seen);
  }, report.profile);
  for (const [key, value] of Object.entries(mine)) assert(Math.abs(value - report.watch[`held_${key}_bytes`]) <= report.watch.held_bytes / 1000 + 2, `${key}: ${value}`);
  for (const link of await page.locator('.downloads a').all()) {
    const answer = await fetch(new URL(await link.getAttribute('href'), at));
    assert.equal(answer.status, 200);
    assert((await answer.arrayBuffer()).byteLength > 50, await link.getAttribute('download'));
  }
  assert.deepEqual(left(), []);
  await context.close();
});

test('a watch ends with its view, and by a button', async () => {
  if (process.getuid() !== 0) return 'needs root';
  const { base: at } = await armed(), { context, page, left } = await openWho(at, 'dentry');
  const begin = async () => {
    await page.click('#list tr[data-name=dentry] td button >> text=Who?');
    await page.selectOption('#users-time', '10m');
    await page.click('.watch-form .primary');
    return stage(at, 'allocations', 'failed');
  };
  if (await begin() === 'failed') return `this kernel: ${(await (await fetch(`${at}api/v1/watch`)).json()).watch.why}`;
  await page.click('.watch-progress button');
  await stage(at, 'done');
  await page.waitForSelector('.watched:not([hidden])');
  await page.keyboard.press('Escape');
  await begin();
  // a second page sees it, and cannot start another
  const other = await openWho(at, 'dentry');
  await other.page.click('#list tr[data-name=dentry] td button >> text=Who?');
  await until('the progress of the other page', async () => /Another page has started it/.test(await other.page.textContent('.watch-progress')) && await other.page.isVisible('.watch-progress'));
  assert.equal(await other.page.isVisible('.watch-form'), false);
  await page.keyboard.press('Escape');
  await stage(at, 'dropped');
  await other.page.waitForSelector('.watch-form:not([hidden])');
  await other.context.close();
  // a page that is closed has left, too
  await begin();
  assert.deepEqual(left(), []);
  await context.close();
  await stage(at, 'dropped');
});

/* ---- running them ---- */

const browser = await chromium.launch({ executablePath: process.env.KTALLY_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const counts = { passed: 0, failed: 0, skipped: 0 };
const tell = (how, name, why) => {
  counts[how]++;
  console.log(`web: ${how === 'failed' ? 'FAILED' : how} ${name}${why ? `: ${why}` : ''}`);
};

if (!only.length) {
  const vendor = spawnSync(process.execPath, [fileURLToPath(new URL('vendor.mjs', import.meta.url))], { encoding: 'utf8' });
  tell({ 0: 'passed', 77: 'skipped' }[vendor.status] ?? 'failed', 'the vendored files are those of the registry', vendor.stdout.trim());
}

test('the page begins with the gravest finding, and opens all of them', async page => {
  const one = { id: 'growing', severity: 'critical', state: 'growing', subject: 'slab:x', title: 'slab cache x grows <b>', confidence: 0.93, bytes: 5, hourly_bytes: 1048576,
    since_ms: 1790000000000, culprit: null, remedy: 'Reboot', costs: null, next: 'ktally users x', evidence: [], floors_bytes: [] };
  const account = await api('account');
  await page.route('**/api/v1/account', route => route.fulfill({ json: { ...account, findings: [one, { ...one, severity: 'warning', title: 'another' }, { ...one, severity: 'info', title: 'unseen' }] } }));
  await page.route('**/api/v1/diagnose', route => route.fulfill({ json: { findings: [{ ...one, culprit: 'leaky [module]', evidence: ['a figure'], floors_bytes: [1, 2, 3] }, { ...one, severity: 'warning', title: 'another' }], notes: [] } }));
  await page.reload();
  await ready(page);
  assert.match(await page.innerText('#findings-head'), /critical[^]*slab cache x grows <b>[^]*1 more/i);
  assert.equal(await page.locator('#findings-list .finding').count(), 0, 'nothing is judged before the panel opens');
  await page.click('#findings-head');
  await until('the evidence', async () => (await page.innerText('#findings-list')).includes('a figure'));
  const text = await page.innerText('#findings-list');
  for (const part of ['leaky [module]', 'Reboot', 'ktally users x', '93 % sure', 'another']) assert(text.includes(part), part);
  assert.equal(await page.locator('#findings-list .floors').count(), 1);
});

test('a machine with a recorder and without findings has one sentence', async page => {
  const account = await api('account'), now = Date.now();
  await page.route('**/api/v1/account', route => route.fulfill({ json: { ...account, findings: [], judged: { series: 254, from_ms: now - 9 * 86400000, written_ms: now } } }));
  await page.reload();
  await ready(page);
  assert.match(await page.innerText('#findings-head'), /Nothing is wrong: the recorder has judged 254 caches and rows over 9 days/);
});

const { leaking, thenView } = thenTests({ test, ktally, serve, open, until, chart });

async function open(options, at = base) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  const page = await context.newPage(), problems = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`); });
  page.on('pageerror', error => problems.push(`script: ${error.message}`));
  page.on('request', request => { if (!request.url().startsWith(at.split('#')[0]) && !request.url().startsWith('blob:') && !request.url().startsWith('data:')) problems.push(`foreign request: ${request.url()}`); });
  page.on('response', answer => { if (answer.status() >= 400) problems.push(`${answer.status()}: ${answer.url()}`); });
  await page.goto(at);
  if (options.javaScriptEnabled !== false) await ready(page);
  return { context, page, problems };
}

for (const { name, options, run } of tests) {
  if (only.length && !only.some(word => name.includes(word))) continue;
  const { context, page, problems } = await open(options).catch(error => ({ problems: [error.message] }));
  try {
    const skipped = page && await run(page);
    assert.deepEqual(problems, []);
    tell(skipped ? 'skipped' : 'passed', name, skipped);
  } catch (error) {
    tell('failed', name, `${error.message.split('\n').slice(0, 6).join(' ')} ${problems.join('; ')}`);
  }
  await context?.close();
}

/** A watch of open files, whose holder opens them in several ways. */
async function shootFlame(path) {
  const { base: at } = await armed(), { context, page } = await openWho(at, 'filp', { viewport: { width: 1280, height: 760 } });
  const load = spawn('python3', ['-c', `
import os, resource, select, socket, tempfile, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
kept = []
for i in range(3000):
    kept += socket.socketpair() if i % 2 else [select.epoll()]
    kept.append(tempfile.TemporaryFile())
    kept += os.pipe() if i % 3 == 0 else [os.eventfd(0)]
    kept.append(os.memfd_create("x"))
    time.sleep(0.002)
time.sleep(60)`]);
  await page.click('#list tr[data-name=filp] td button >> text=Who?');
  await page.selectOption('#users-time', '10s');
  await page.click('.watch-form .primary');
  await until('the graph', async () => await page.locator('.flame .box').count() > 3 || await page.isVisible('.problem'), 120000);
  load.kill();
  await page.evaluate(() => document.activeElement.blur());
  await page.hover(BOX('do_sys_openat2'));
  await page.screenshot({ path });
  await context.close();
}

if (shots) {
  mkdirSync(shots, { recursive: true });
  for (const [file, { at, ...options }] of Object.entries({
    'page-light.png': { colorScheme: 'light', viewport: { width: 1280, height: 1500 } },
    'page-dark.png': { colorScheme: 'dark', viewport: { width: 1280, height: 1500 } },
    'page-phone.png': { colorScheme: 'light', viewport: { width: 390, height: 1600 } },
    'page-then.png': { colorScheme: 'light', viewport: { width: 1280, height: 1560 }, at: `${await leaking()}${thenView}` },
  })) {
    const { context, page } = await open(options, at ?? shown);
    await page.waitForTimeout(5000);
    // a picture names nobody's machine
    await page.evaluate(() => {
      const machine = document.getElementById('machine');
      machine.textContent = machine.textContent.replace(/^Linux (\d+\.\d+)\S*/, 'Linux $1');
      document.querySelector('h1 .name').textContent = 'web3';
    });
    await page.screenshot({ path: `${shots}/${file}` });
    await context.close();
  }
  await shootFlame(`${shots}/page-flame.png`);
}
await browser.close();
for (const one of servers) one.kill('SIGTERM');
console.log(`web: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed ? 1 : 0);
