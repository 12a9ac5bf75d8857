// SPDX-License-Identifier: GPL-2.0-or-later
// The page as a page of the past: a recording of a leak, times, comparisons, links.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START = Date.UTC(2026, 10, 20, 0, 0, 1), STEP = 600e3, ONSET = 300, SAMPLES = 576; // of tests/cli/test_diagnose.py
const LEAK = 'widget_cache', HOUR = 3600e3;
const leaked = i => (2000 + 170 * Math.max(0, i - ONSET)) * 4096; // bytes, within some slabs

export function thenTests({ test, ktally, serve, open, until, chart }) {
  const folder = mkdtempSync(join(tmpdir(), 'ktally-then-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  let leak = null;

  async function leaking() {
    if (leak) return leak;
    const log = join(folder, 'leak.log'), file = join(folder, 'leak.rec');
    writeFileSync(log, execFileSync('python3', [fileURLToPath(new URL('leak.py', import.meta.url))]));
    execFileSync(ktally, ['import', log, '-o', file], { stdio: 'ignore' });
    leak = (await serve('-s', file)).base;
    return leak;
  }

  /** A page of the recording; its address may hold a view. */
  async function page(hash = '', options = {}) {
    const base = await leaking(), opened = await open({ timezoneId: 'America/New_York', ...options }, `${base}${hash}`);
    return { ...opened, base, done: async () => { assert.deepEqual(opened.problems, []); await opened.context.close(); } };
  }

  const at = shown => shown.evaluate(() => document.body.dataset.at);
  const settled = (shown, ms) => until(`the page at ${ms}`, async () => await at(shown) === String(ms));
  const held = async (shown, name = LEAK) => shown.textContent(`#list tr[data-name=${name}] td`);
  const parts = url => Object.fromEntries(new URLSearchParams(new URL(url).hash.slice(1)));
  const xOf = async (shown, ms) => {
    const box = await shown.locator('#chart .u-over').boundingBox(), { from, to } = await chart(shown);
    return { x: box.x + box.width * (ms - from) / (to - from), y: box.y + box.height / 2 };
  };
  const mib = value => `${(value / 2 ** 20).toFixed(1)} MiB`;

  test('findings are those of the chosen time', async () => {
    const { page: shown, done } = await page();
    const head = () => shown.textContent('#findings-head');
    await until('the finding', async () => /widget_cache grows/.test(await head()));
    await shown.evaluate(async ms => (await import('/view.js')).show({ at: ms }), START + 200 * STEP);
    await until('the time before the leak', async () => /Nothing was known to be wrong, judged by \d+ h of the recording up to 2026-11-21/.test(await head()));
    assert.equal(await shown.locator('#findings-list .finding').count(), 0);
    await shown.evaluate(async () => (await import('/view.js')).show({ at: null }));
    await until('the finding again', async () => /widget_cache grows/.test(await head()));
    // a link to a time has its findings at once
    const { page: linked, done: end } = await page(`#at=${START + 560 * STEP}`);
    await until('the finding of the link', async () => /widget_cache grows/.test(await linked.textContent('#findings-head')));
    await end();
    await done();
  });

  test('a leak is found, followed to its begin, compared with an hour before, and shared', async () => {
    const { page: shown, done } = await page();
    // the finding
    await until('the finding', async () => /widget_cache grows/.test(await shown.textContent('#findings-head')));
    await shown.click('#findings-head');
    await shown.click('.finding .links >> text=The cache widget_cache');
    await shown.waitForSelector('#detail[open]');
    assert.match(shown.url(), /#cache=widget_cache$/);
    // its course
    await shown.click('#detail-chart');
    await until('the chart of the cache', async () => await shown.textContent('#chart-title') === `slab cache widget_cache: ${mib(leaked(SAMPLES - 1))}`);
    assert.equal(await shown.locator('#detail[open]').count(), 0);
    // drag to its begin
    const onset = START + ONSET * STEP, left = await xOf(shown, onset - 6 * HOUR), right = await xOf(shown, onset + 18 * HOUR);
    await shown.mouse.move(left.x, left.y);
    await shown.mouse.down();
    await shown.mouse.move(right.x, right.y, { steps: 5 });
    await shown.mouse.up();
    await until('the zoom', async () => { const now = await chart(shown); return Math.abs(now.to - now.from - 24 * HOUR) < HOUR; });
    // a time after it
    const point = await xOf(shown, onset + 10 * HOUR);
    await shown.mouse.click(point.x, point.y);
    await until('a time', async () => 'at' in parts(shown.url()));
    const ms = Number(parts(shown.url()).at);
    assert(Math.abs(ms - onset - 10 * HOUR) <= STEP, new Date(ms).toISOString());
    await settled(shown, ms);
    assert.match(await shown.textContent('#time-now'), /^At 2026-11-22 \d\d:\d\d:01, .* before the end of the recording$/);
    const then = leaked((ms - START) / STEP);
    assert.equal(await held(shown), mib(then), 'the table is of another time');
    // an hour before
    await shown.selectOption('#vs', String(-HOUR));
    await until('the comparison', async () => /Change/.test(await shown.textContent('#list thead')));
    await settled(shown, ms);
    const row = await shown.locator(`#list tr[data-name=${LEAK}] td`).allTextContents();
    assert.deepEqual(row.slice(0, 3), [mib(then), mib(then - 6 * 170 * 4096), '+4.0 MiB']);
    assert.match(await shown.textContent('#time-now'), /compared with 2026-11-22 \d\d:\d\d:01, 60 min earlier$/);
    await until('the change on the map', async () => Number(await shown.getAttribute(`#map .cell[data-id="slab/${LEAK}"]`, 'data-change')) > 3.9 * 2 ** 20);
    // the link
    await until('the address', async () => { const now = parts(shown.url()); return now.vs === String(ms - HOUR) && now.from && now.to && now.key === LEAK; });
    const link = await shown.getAttribute('#share', 'href'), title = await shown.textContent('#chart-title'), window = await chart(shown);
    assert.equal(link, shown.url());
    await done();
    const fresh = await page(new URL(link).hash);
    await settled(fresh.page, ms);
    await until('the same chart', async () => await fresh.page.textContent('#chart-title') === title);
    assert.deepEqual({ ...await chart(fresh.page), points: 0 }, { ...window, points: 0 });
    assert.deepEqual((await fresh.page.locator(`#list tr[data-name=${LEAK}] td`).allTextContents()).slice(0, 3), row.slice(0, 3));
    assert.match(await fresh.page.textContent('#map-title'), /What has changed at 2026-11-22/);
    // and back
    await fresh.page.click('#back');
    await settled(fresh.page, 'now');
    assert.equal(await held(fresh.page), mib(leaked(SAMPLES - 1)));
    assert(!('at' in parts(fresh.page.url())) && !('vs' in parts(fresh.page.url())));
    await fresh.done();
  });

  test('a time between two samples says of which time its sample is', async () => {
    const ms = START + 100 * STEP + 400e3, { page: shown, done } = await page(`#at=${ms}`, { timezoneId: 'UTC' });
    await settled(shown, ms);
    await until('the sample', async () => /\(the sample of 2026-11-20 16:40:01\)/.test(await shown.textContent('#time-now')));
    await done();
  });

  test('a time is chosen and left without a mouse', async () => {
    const { page: shown, done } = await page();
    await shown.focus('#chart');
    for (let i = 0; i < 4; i++) await shown.keyboard.press('ArrowLeft');
    assert.equal(await shown.locator('.tip:not([hidden])').count(), 1, 'no values at the cursor');
    const label = await shown.getAttribute('#chart', 'aria-label');
    await shown.keyboard.press('Enter');
    await until('a time', async () => 'at' in parts(shown.url()));
    const ms = Number(parts(shown.url()).at);
    await settled(shown, ms);
    assert(label.includes(new Date(ms).toLocaleTimeString('en-GB', { timeZone: 'America/New_York' })), `${label} ${ms}`);
    const cells = { account: await shown.locator('#map .cell').count() };
    assert(cells.account > 3);
    await shown.keyboard.press('Escape');
    await shown.keyboard.press('Escape');
    await settled(shown, 'now');
    assert.equal(await shown.locator('.tip:not([hidden])').count(), 0);
    // a typed time, a typed range
    await shown.fill('#at', '2026-11-21T08:30:00');
    await until('the typed time', async () => parts(shown.url()).at === String(Date.UTC(2026, 10, 21, 13, 30)));
    await settled(shown, Date.UTC(2026, 10, 21, 13, 30));
    await shown.fill('#from', '2026-11-21T00:00:00');
    await shown.fill('#to', '2026-11-22T00:00:00');
    await until('the typed range', async () => { const now = await chart(shown); return now.from === Date.UTC(2026, 10, 21, 5) && now.to === Date.UTC(2026, 10, 22, 5); });
    await done();
  });

  test('explanations and every table are of the chosen time', async () => {
    const ms = START + 400 * STEP, { page: shown, base, done } = await page(`#at=${ms}&tab=account`);
    await settled(shown, ms);
    const account = await (await fetch(`${base}api/v1/account?at=${ms}`)).json(), slab = account.rows.find(row => row.id === 'slab');
    assert.match(await shown.textContent('#list'), new RegExp(mib(slab.bytes).replace('.', '\\.')));
    assert.match(await shown.textContent('.tile[data-row=slab] b'), new RegExp(mib(slab.bytes)));
    await shown.click('.tile[data-row=slab]');
    await shown.waitForSelector('#detail[open]');
    assert.match(await shown.textContent('#detail-title'), /slab at 2026-11-22 \d\d:40:01|slab at 2026-11-2\d/);
    assert.match(await shown.textContent('#detail .big'), new RegExp(mib(slab.bytes)));
    await shown.keyboard.press('Escape');
    await shown.click('#tab-caches');
    await until('the caches', async () => await held(shown) === mib(leaked(400)));
    assert(/#at=\d+$/.test(shown.url()), shown.url());
    await done();
  });

  test('one clock: the zone of the browser, named once', async () => {
    for (const [timezoneId, zone, clock] of [['America/New_York', 'America/New_York, UTC−5', '18:50:01'], ['Australia/Adelaide', 'Australia/Adelaide, UTC+10:30', '10:20:01'], ['UTC', 'UTC', '23:50:01']]) {
      const { page: shown, done } = await page('', { timezoneId });
      assert.equal(await shown.textContent('#zone'), `times: ${zone}`);
      for (const place of ['#state', '#time-now']) assert((await shown.textContent(place)).includes(clock), `${place}: ${await shown.textContent(place)}`);
      assert.equal((await shown.inputValue('#to')).slice(11), clock);
      await until('the finding', async () => /grows/.test(await shown.textContent('#findings-head')));
      await shown.click('#findings-head');
      const text = (await shown.evaluate(() => document.body.innerText)).replace(`times: ${zone}`, '');
      assert(!/\dZ\b|UTC/.test(text), 'a time in another zone');
      await done();
    }
  });

  test('times are in UTC where the reader chooses it, and in a link', async () => {
    const ms = START + 400 * STEP, { page: shown, done } = await page(`#at=${ms}`);
    await settled(shown, ms);
    const text = () => shown.textContent('#time-now'), iso = new Date(ms).toISOString(), utc = iso.slice(0, 19).replace('T', ' ');
    assert(!(await text()).includes(utc), await text());
    await shown.click('#zone');
    await until('UTC', async () => await shown.textContent('#zone').catch(() => '') === 'times: UTC');
    await settled(shown, ms);
    assert((await text()).includes(utc), await text());
    assert.equal(parts(shown.url()).utc, '1');
    assert.equal(await shown.inputValue('#at'), iso.slice(0, 19));
    // what is typed is UTC too
    await shown.fill('#at', new Date(ms + STEP).toISOString().slice(0, 19));
    await settled(shown, ms + STEP);
    await shown.click('#zone');
    await until('the zone of the browser', async () => /America/.test(await shown.textContent('#zone').catch(() => '')));
    assert.equal(parts(shown.url()).utc, undefined);
    await done();
  });

  test('what is seen is saved: CSV, PNG, SVG', async () => {
    const ms = START + 400 * STEP, { page: shown, done } = await page(`#from=${ms - 6 * HOUR}&to=${ms}&at=${ms}`);
    await settled(shown, ms);
    // the samples of the whole recording are drawn first, and saved as they are seen
    await until('the samples of these hours', async () => (await chart(shown)).points > 30);
    const saved = async button => {
      const [download] = await Promise.all([shown.waitForEvent('download'), shown.click(button)]);
      return { name: download.suggestedFilename(), data: readFileSync(await download.path()) };
    };
    const csv = await saved('#save-csv'), rows = csv.data.toString().trim().split('\r\n').map(line => line.split(','));
    assert.match(csv.name, /\.csv$/);
    assert.equal(rows[0][0], 'time');
    assert(rows.length > 30 && rows.slice(1).every(row => row.length === rows[0].length && /^2026-11-2\dT.*Z$/.test(row[0])), rows[1]);
    const unreclaimable = rows[0].indexOf('unreclaimable slab');
    assert(Number(rows.at(-1)[unreclaimable]) > Number(rows[1][unreclaimable]) + 20 * 2 ** 20, 'the leak is not in it');
    const png = await saved('#save-png');
    assert.equal(png.data.subarray(1, 4).toString(), 'PNG');
    assert(png.data.readUInt32BE(16) > 600 && png.data.length > 5000);
    const svg = (await saved('#save-svg')).data.toString();
    assert.match(svg, /^<svg [^]*unreclaimable slab[^]*<\/svg>\n$/);
    assert(svg.match(/<(path|text) /g).length > 12 && !/NaN|undefined|null/.test(svg));
    const map = (await saved('#save-map')).data.toString(), cells = await shown.locator('#map .cell').count();
    assert.equal((map.match(/<rect width="100%"/g) ?? []).length, cells, 'each cell of the map');
    assert(cells > 5 && map.includes(LEAK) && /Where it (was|is)/.test(map), map.slice(0, 400));
    const wrong = await shown.evaluate(text => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null, map.replace(/<style>.*<.style>/, ''));
    assert.equal(wrong, null);
    const table = (await saved('#save-table')).data.toString().split('\r\n');
    assert(table.some(line => line.startsWith(`${LEAK},${leaked(400)}`) || line.startsWith(LEAK)), table[1]);
    await done();
  });

  test('a row has one colour and an axis exact ticks', async () => {
    const { page: shown, done } = await page();
    const wrong = await shown.evaluate(async () => {
      const { color, label, ticks } = await import('/lib.js'), bad = [];
      for (const [id, hue] of [['slab_reclaimable', '#56b4e9'], ['percpu', '#d55e00'], ['slab', '#0072b2']]) if (color(id) !== hue) bad.push(id);
      if (ticks.some((tick, i) => tick !== 2 ** i)) bad.push('ticks');
      for (const [value, text] of [[1280 * 2 ** 20, '1.25 GiB'], [512 * 2 ** 20, '512 MiB'], [0, '0']]) if (label(value) !== text) bad.push(label(value));
      return bad;
    });
    assert.deepEqual(wrong, []);
    const plotted = execFileSync(ktally, ['plot', join(folder, 'leak.rec'), '-o', 'svg']).toString();
    assert(plotted.includes('#0072b2') && !/\d{4}\.\d [KM]iB/.test(plotted));
    await done();
  });

  test('gaps are drawn as gaps', async () => {
    const log = readFileSync(join(folder, 'leak.log'), 'utf8'), file = join(folder, 'gap.rec'), cut = (ms, from) => log.indexOf(new Date(ms).toISOString().replace('.000', ''), from);
    writeFileSync(join(folder, 'gap.log'), log.slice(0, cut(START + 100 * STEP)) + log.slice(cut(START + 200 * STEP)));
    execFileSync(ktally, ['import', join(folder, 'gap.log'), '-o', file], { stdio: 'ignore' });
    const { base } = await serve('-s', file), { page: shown, context, problems } = await open({}, base);
    const seen = await shown.evaluate(async () => (await import('/chart.js')).seenSamples());
    const hole = seen.ms.findIndex((ms, i) => i && ms - seen.ms[i - 1] > 12 * 3600e3);
    assert(hole > 0 && seen.bands.every(band => band.values[hole - 1] === null || band.values[hole] === null), 'no gap');
    // in the gap, the page says of which time its sample is
    assert.deepEqual(problems, []);
    await context.close();
  });

  test('a live page goes back in the recorder\'s file', async () => {
    if (process.getuid() !== 0) return 'needs root';
    const state = mkdtempSync(join(tmpdir(), 'ktally-state-'));
    try {
      const [where] = /\/\S*ktally\.rec/.exec(execFileSync(ktally, ['help', 'serve']).toString()), inside = ['unshare', '-m', 'sh', '-c', 'mkdir -p "$2" && mount --bind "$1" "$2" && shift 2 && exec "$@"', '-', state, where.replace(/\/[^/]*$/, '')];
      execFileSync(inside[0], [...inside.slice(1), ktally, 'record', '-i', '0.2', '-n', '40', where]);
      const { base, process: server } = await serve.within(inside), { context, page: shown, problems } = await open({}, base);
      const { recorded } = await (await fetch(`${base}api/v1/history`)).json();
      assert(recorded, 'the recording is not seen');
      const ms = recorded.first_ms + 2000;
      await shown.evaluate(time => { location.hash = `#at=${time}`; }, ms);
      await settled(shown, ms);
      assert.match(await shown.textContent('#time-now'), /^At .* before now$/);
      const slab = await (await fetch(`${base}api/v1/slab?at=${ms}`)).json();
      const [first] = slab.caches.sort((a, b) => b.bytes - a.bytes);
      await until('the tables', async () => (await shown.textContent('#list tbody tr')).startsWith(first.name));
      const turn = await shown.evaluate(() => document.body.dataset.turn), text = await shown.textContent('.tile[data-row=slab] b');
      await until('two samples', async () => Number(await shown.evaluate(() => document.body.dataset.turn)) > Number(turn ?? 0) + 1);
      assert.equal(await shown.textContent('.tile[data-row=slab] b'), text, 'the past has changed');
      await shown.click('#back');
      await settled(shown, 'now');
      assert.match(await shown.textContent('#state'), /^live/);
      await context.close();
      assert.deepEqual(problems, []);
      server.kill('SIGTERM');
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });

  test('the head says whether memory is short, and tiles since when they changed', async shown => {
    await until('the pressure', async () => /available/.test(await shown.textContent('#pressure')));
    await until('a change', async () => / in \d+ (s|min)$/.test(await shown.textContent('.tile[data-row=slab] .change')));
    assert.match(await shown.getAttribute('.tile[data-row=slab]', 'title'), /since .*\d\d:\d\d:\d\d/);
    assert.equal(await shown.locator('.tile[data-row=direct], .tile[data-row=free]').count(), 2);
    await shown.click('[data-part=ram]');
    await until('tmpfs', async () => /shared memory|tmpfs/.test(await shown.textContent('#legend')));
  });

  test('the cursor does not stick to a live chart', async shown => {
    await shown.focus('#chart');
    for (let i = 0; i < 2; i++) await shown.keyboard.press('ArrowLeft');
    assert.match(await shown.textContent('#chart-title'), / at .*\d\d:\d\d:\d\d: /);
    await shown.click('#follow');
    assert.doesNotMatch(await shown.textContent('#chart-title'), / at /);
    assert.equal(await shown.locator('.tip:not([hidden])').count(), 0);
  });

  test('callers of vmalloc and cgroups have their last minutes', async shown => {
    if (process.getuid() !== 0) return 'needs root';
    for (const tab of ['vmalloc', 'cgroups']) {
      await shown.click(`#tab-${tab}`);
      await until(`the course of ${tab}`, async () => await shown.locator('#list .spark path').count() > 2);
    }
    await shown.click('#tab-vmalloc');
    await shown.click('#list tbody tr:nth-child(2) .spark-cell button');
    await until('its chart', async () => /vmalloc caller .*: [\d.]+ [KM]iB/.test(await shown.textContent('#chart-title')));
    await shown.click('#one');
    await until('the stack', async () => /Kernel memory/.test(await shown.textContent('#chart-title')));
  });

  test('the filter of tables takes patterns', async shown => {
    await shown.waitForSelector('#list tbody tr');
    await shown.fill('#filter', 'kmalloc-*');
    await until('the filtered rows', async () => { const names = await shown.locator('#list tbody tr').evaluateAll(rows => rows.map(row => row.dataset.name)); return names.length > 3 && names.every(name => name.startsWith('kmalloc-')); });
  });

  // a day of it, ten hours after its begin, compared with six hours before
  const then = START + (ONSET + 60) * STEP;
  return { leaking, thenView: `#at=${then}&vs=${then - 6 * HOUR}&from=${then - 20 * HOUR}&to=${then + 10 * HOUR}` };
}
