// SPDX-License-Identifier: GPL-2.0-or-later
// Downloads of what is seen: the chart as CSV, PNG or SVG, the map as SVG, a table as CSV. Times in
// CSV are UTC.

import { $, bytes, clock, label, percent, ticks, when, zone } from './lib.js';
import { seenSamples, window_ } from './chart.js';
import { seenTable } from './tables.js';
import { view } from './view.js';

const SIZE = { width: 1000, height: 420, left: 84, right: 290, top: 52, bottom: 44 };

function save(blob, ending) {
  const link = document.createElement('a'), host = document.querySelector('h1 .name').textContent.replace(/[^\w.-]/g, '_');
  link.href = URL.createObjectURL(blob);
  link.download = `ktally-${host}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const quoted = value => value === null || value === undefined ? '' : /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
const lines = rows => rows.map(row => `${row.map(quoted).join(',')}\r\n`).join('');
const saveText = (text, type, ending) => save(new Blob([text], { type }), ending);

export function chartCsv() {
  const { ms, bands } = seenSamples();
  return lines([['time', ...bands.map(band => band.title)], ...ms.map((time, i) => [new Date(time).toISOString(), ...bands.map(band => band.values[i])])]);
}

/** The time of what is shown. */
const seenMs = () => view.at ?? window_().last;

const escaped = text => text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/** The stack as in the pictures of "ktally plot"; a missing sample is a gap. */
export function chartSvg() {
  const { title, from, to, stacked, unit, share, ms, bands } = seenSamples(), { width, height, left, right, top, bottom } = SIZE;
  const sums = ms.map((_, i) => bands.every(band => band.values[i] === null) ? null : bands.reduce((sum, band) => stacked ? sum + (band.values[i] ?? 0) : Math.max(sum, band.values[i] ?? 0), 0));
  const high = Math.max(1, ...sums.map(sum => sum ?? 0)), step = ticks.find(tick => tick * 5 > high) ?? high, most = (Math.floor(high / step) + 1) * step;
  const x = time => (left + (time - from) / (to - from) * (width - left - right)).toFixed(1), y = value => (height - bottom - value / most * (height - top - bottom)).toFixed(1);
  const parts = [];
  for (let at = 0; at <= most; at += step) parts.push(`<path class="grid" d="M${left} ${y(at)}H${width - right}"/><text class="quiet" x="${left - 10}" y="${+y(at) + 4}" text-anchor="end">${unit === 'share' ? percent(at * share, 2) : label(at)}</text>`);
  let floor = ms.map(() => 0);
  for (const band of bands) {
    const runs = [];
    ms.forEach((time, i) => {
      if (sums[i] === null || (!stacked && band.values[i] === null)) return runs.push([]);
      if (!runs.length) runs.push([]);
      runs.at(-1).push(i);
    });
    const ceiling = floor.map((below, i) => below + (band.values[i] ?? 0));
    const path = runs.filter(run => run.length).map(run => stacked
      ? `M${run.map(i => `${x(ms[i])} ${y(floor[i])}`).join('L')}L${run.slice().reverse().map(i => `${x(ms[i])} ${y(ceiling[i])}`).join('L')}Z`
      : `M${run.map(i => `${x(ms[i])} ${y(band.values[i])}`).join('L')}`).join('');
    parts.push(stacked ? `<path fill="${band.color}" d="${path}"/>` : `<path fill="none" stroke="${band.color}" stroke-width="1.8" d="${path}"/>`);
    if (stacked) floor = ceiling;
  }
  bands.slice().reverse().forEach((band, i) => parts.push(`<rect x="${width - right + 22}" y="${top - 4 + i * 24}" width="12" height="12" rx="2" fill="${band.color}"/><text x="${width - right + 42}" y="${top + 6 + i * 24}">${escaped(band.title)}</text><text class="quiet" x="${width - 16}" y="${top + 6 + i * 24}" text-anchor="end">${bytes(band.values.at(-1))}</text>`));
  for (let i = 0; i <= 3; i++) {
    const time = from + (to - from) * i / 3;
    parts.push(`<text class="quiet" x="${x(time)}" y="${height - bottom + 22}" text-anchor="${['start', 'middle', 'middle', 'end'][i]}">${to - from < 86400e3 ? clock(time) : when(time).slice(5, 16)}</text>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<style>svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1b1f24}.title{font-size:17px;font-weight:600}.quiet{fill:#66707b;font-size:12px}.grid{stroke:#66707b;stroke-opacity:.22}</style>
<text class="title" x="${left}" y="26">${escaped(title)}</text><text class="quiet" x="${left}" y="43">${escaped(`${document.querySelector('h1 .name').textContent}, ${when(from)} to ${when(to)}, ${zone(to)}`)}</text>
${parts.join('\n')}
</svg>
`;
}

/** The canvas as it is, with its title and legend. */
export function chartPng() {
  const { title, canvas, bands, from, to } = seenSamples(), scale = devicePixelRatio, style = getComputedStyle(document.body), out = document.createElement('canvas');
  const ctx = out.getContext('2d'), column = 230 * scale, columns = Math.max(1, Math.floor(canvas.width / column)), rows = Math.ceil(bands.length / columns);
  out.width = canvas.width;
  out.height = canvas.height + (48 + 22 * rows) * scale;
  ctx.fillStyle = style.backgroundColor;
  ctx.fillRect(0, 0, out.width, out.height);
  ctx.drawImage(canvas, 0, 44 * scale);
  ctx.fillStyle = style.color;
  ctx.font = `600 ${15 * scale}px system-ui, sans-serif`;
  ctx.fillText(title, 12 * scale, 20 * scale);
  ctx.font = `${12 * scale}px system-ui, sans-serif`;
  ctx.fillText(`${document.querySelector('h1 .name').textContent}, ${when(from)} to ${when(to)}, ${zone(to)}`, 12 * scale, 38 * scale);
  bands.forEach((band, i) => {
    const x = 12 * scale + (i % columns) * column, y = canvas.height + (60 + 22 * Math.floor(i / columns)) * scale;
    ctx.fillStyle = band.color;
    ctx.fillRect(x, y - 10 * scale, 11 * scale, 11 * scale);
    ctx.fillStyle = style.color;
    ctx.fillText(`${band.title} ${bytes(band.values.at(-1))}`, x + 18 * scale, y);
  });
  return new Promise(resolve => out.toBlob(resolve, 'image/png'));
}

/** The map as it is: cells with their text cut at their edges, which a viewer shows whole at the pointer. */
export function mapSvg() {
  const map = $('map'), width = map.clientWidth, height = map.clientHeight, top = 52;
  const cell = node => {
    const { left, top: y, width: w, height: h } = node.style, [x_, y_, w_, h_] = [left, y, w, h].map(parseFloat);
    const waste = parseFloat(node.querySelector('.waste')?.style.height ?? '0') / 100 * h_, ink = getComputedStyle(node).color;
    const text = [...node.querySelectorAll('.title, .size')].map((line, i) => `<text x="5" y="${15 + 16 * i}" fill="${ink}"${i ? '' : ' font-weight="550"'}>${escaped(line.textContent)}</text>`).join('');
    return `<svg x="${x_}" y="${y_ + top}" width="${w_}" height="${h_}"><title>${escaped(node.title)}</title><rect width="100%" height="100%" fill="${getComputedStyle(node).backgroundColor}" stroke="#fff"/>${waste ? `<rect y="${h_ - waste}" width="100%" height="${waste}" fill="url(#waste)"/>` : ''}${text}</svg>`;
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + top + 24}" width="${width}" height="${height + top + 24}" role="img">
<style>svg{background:#fff}text{font:12px system-ui,sans-serif}.head{font-size:17px;font-weight:600}.quiet{fill:#66707b}</style>
<defs><pattern id="waste" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" stroke="#000" stroke-opacity=".35" stroke-width="3"/></pattern></defs>
<text class="head" x="0" y="22">${escaped(`${$('map-title').textContent}: ${[...$('crumbs').children].map(part => part.textContent).join(' ')}`)}</text><text class="quiet" x="0" y="42">${escaped(`${document.querySelector('h1 .name').textContent}, ${when(seenMs())}, ${zone(seenMs())}`)}</text>
${[...map.querySelectorAll('.cell')].map(cell).join('\n')}
<text class="quiet" x="0" y="${height + top + 17}">${escaped($('map-hint').textContent)}</text>
</svg>
`;
}

export const tableCsv = () => lines(seenTable());

export function startSave() {
  $('save-csv').addEventListener('click', () => saveText(chartCsv(), 'text/csv', 'csv'));
  $('save-svg').addEventListener('click', () => saveText(chartSvg(), 'image/svg+xml', 'svg'));
  $('save-png').addEventListener('click', async () => save(await chartPng(), 'png'));
  $('save-map').addEventListener('click', () => saveText(mapSvg(), 'image/svg+xml', 'svg'));
  $('save-table').addEventListener('click', () => saveText(tableCsv(), 'text/csv', 'csv'));
}
