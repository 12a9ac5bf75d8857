// SPDX-License-Identifier: GPL-2.0-or-later
// What a month costs on the page. usage: node bench/page.mjs KTALLY RECORDING [ROUNDS]
//
// Opens the page of a recording in Chromium, and prints the time to the first chart, of zooms, of
// the whole page at another time, and the memory of the server. Needs tests/web/node_modules.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chromium } from '../tests/web/node_modules/playwright-core/index.mjs';

const [ktally, recording, rounds = 12] = process.argv.slice(2);
const server = spawn(ktally, ['serve', '--listen', '127.0.0.1:0', '-s', recording], { stdio: ['ignore', 'ignore', 'pipe'] });
let said = '';
const base = await new Promise(resolve => server.stderr.on('data', data => { const found = /(http:\S+).*\n/.exec(said += data); if (found) resolve(found[1]); }));
const browser = await chromium.launch({ executablePath: process.env.KTALLY_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`))[1]) / 1024;
const middle = list => list.toSorted((a, b) => a - b)[list.length >> 1];
const say = (what, list) => console.log(`${what.padEnd(52)} ${middle(list).toFixed(0).padStart(6)} ms, at most ${Math.max(...list).toFixed(0)} ms`);

const first = [], painted = [];
for (let i = 0; i < 3; i++) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 1000 } })).newPage();
  await page.goto(base);
  await page.waitForSelector('#chart canvas');
  first.push(await page.evaluate(() => performance.now()));
  painted.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN));
  await page.context().close();
}
say('from opening to the first paint', painted);
say('from opening to the chart', first);

const page = await (await browser.newContext({ viewport: { width: 1280, height: 1000 } })).newPage();
await page.goto(base);
await page.waitForSelector('body[data-ready=yes]');
await page.waitForTimeout(3000); // the recording is judged
const zooms = await page.evaluate(async times => {
  const { window_, zoomTo } = await import('/chart.js'), { first, last } = window_(), drawn = [], fine = [];
  for (let i = 0; i < times; i++) {
    const span = (last - first) / 2 ** (1 + i % 6), from = first + (last - first - span) * ((i * 7 % times) / times), start = performance.now();
    zoomTo(from, from + span);
    await new Promise(requestAnimationFrame);
    drawn.push(performance.now() - start);
    const points = document.getElementById('chart').dataset.points;
    while (document.getElementById('chart').dataset.points === points && performance.now() - start < 2000) await new Promise(resolve => setTimeout(resolve, 2));
    fine.push(performance.now() - start);
  }
  return { drawn, fine: fine.filter(ms => ms < 2000) };
}, Number(rounds));
say('a zoom, until it is drawn', zooms.drawn);
say('a zoom, until the finer samples are drawn', zooms.fine);
const frames = await page.evaluate(async () => {
  const { window_, zoomTo } = await import('/chart.js'), { first, last } = window_(), span = (last - first) / 3, times = [];
  let before = performance.now();
  for (let i = 0; i < 60; i++) {
    zoomTo(first + (last - first - span) * i / 60, first + (last - first - span) * i / 60 + span);
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - before);
    before = performance.now();
  }
  return times;
});
say('a frame while the chart is dragged', frames);
const jumps = await page.evaluate(async times => {
  const { show } = await import('/view.js'), { window_ } = await import('/chart.js'), { first, last } = window_(), found = [];
  for (let i = 0; i < times; i++) {
    const at = Math.round(first + (last - first) * ((i * 5 % times) + 0.5) / times), start = performance.now();
    show({ at });
    while (document.body.dataset.at !== String(at) && performance.now() - start < 5000) await new Promise(resolve => setTimeout(resolve, 2));
    found.push(performance.now() - start);
  }
  return found;
}, Number(rounds));
say('the whole page at another time', jumps);
console.log(`${'memory of the server, at most'.padEnd(52)} ${peak().toFixed(1).padStart(6)} MiB`);
await browser.close();
server.kill('SIGTERM');
