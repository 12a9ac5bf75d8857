// SPDX-License-Identifier: GPL-2.0-or-later
// What every part of the page uses: elements, numbers, requests, colours.

import { view } from './view.js';

export const $ = id => document.getElementById(id);

/** An element. Text is always text: nothing here ever makes HTML of a string. */
export function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'class') node.className = value;
    else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'style') Object.assign(node.style, value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** An amount to read; sizes of one thing below 10 KiB are exact. */
export const exact = value => value !== null && value !== undefined && Math.abs(value) < 10240 ? `${count(value)} B` : bytes(value);

/** An amount at a tick of an axis, which is exact: "1.25 GiB". */
export function label(value) {
  let size = Math.abs(value), unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) { size /= 1024; unit++; }
  return value ? `${value < 0 ? '−' : ''}${+size.toFixed(4)} ${UNITS[unit]}` : '0';
}

export function bytes(value, digits = 1) {
  if (value === null || value === undefined) return '–';
  let size = Math.abs(value), unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) { size /= 1024; unit++; }
  const text = unit ? size.toFixed(size >= 1000 ? 0 : digits) : String(Math.round(size));
  return `${value < 0 ? '−' : ''}${text} ${UNITS[unit]}`;
}

export function growth(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  return (value > 0 ? '+' : '') + bytes(value);
}

export function percent(share, digits = 2) {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(digits)} %`;
}

export const count = value =>
  value === null || value === undefined ? '–' : value.toLocaleString('en-US').replaceAll(',', ' ');

/* ---- time: the reader's zone, or UTC, in all that is read, which the head of the page names once ---- */

const two = number => String(number).padStart(2, '0');
export const isUtc = () => view.utc !== null;
const part = (ms, name) => new Date(ms)[`get${isUtc() ? 'UTC' : ''}${name}`]();
export const clock = (ms, seconds = true) => `${two(part(ms, 'Hours'))}:${two(part(ms, 'Minutes'))}${seconds ? `:${two(part(ms, 'Seconds'))}` : ''}`;
export const day = ms => `${part(ms, 'FullYear')}-${two(part(ms, 'Month') + 1)}-${two(part(ms, 'Date'))}`;

/** Milliseconds of a time that was typed; null: it is none. */
export function typedMs(text) {
  const ms = text ? new Date(isUtc() ? `${text}Z` : text).getTime() : NaN;
  return Number.isFinite(ms) ? ms : null;
}

/** The time of day, with the day where it is not the day of `nowMs`. */
export const when = (ms, nowMs = null) => nowMs !== null && day(ms) === day(nowMs) ? clock(ms) : `${day(ms)} ${clock(ms)}`;

/** A sentence of the server, whose times are UTC, with the times of the reader's zone. */
export const local = text => text?.replace(/(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:Z| UTC)/g, (_, date, time, seconds) => {
  const ms = Date.parse(`${date}T${time}${seconds ?? ''}Z`);
  return `${day(ms)} ${clock(ms, seconds !== undefined)}`;
});

/** "Europe/Berlin, UTC+1" */
export function zone(ms) {
  if (isUtc()) return 'UTC';
  const minutes = -new Date(ms).getTimezoneOffset(), rest = Math.abs(minutes) % 60;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone, away = `UTC${minutes ? (minutes < 0 ? '−' : '+') + Math.floor(Math.abs(minutes) / 60) + (rest ? `:${two(rest)}` : '') : ''}`;
  return name && name !== 'UTC' && name !== away ? `${name}, ${away}` : away;
}

/** "2 h", "3 days"; at least one of its unit. */
export function span(ms) {
  const seconds = Math.round(Math.abs(ms) / 1000);
  for (const [unit, size, least] of [['days', 86400, 172800], ['h', 3600, 7200], ['min', 60, 120]])
    if (seconds >= least) return `${Math.round(seconds / size)} ${unit}`;
  return `${seconds} s`;
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Arguments of a command at the page's time; null: now. */
export const atTime = (at, args = {}) => at === null ? args : { ...args, at };

/** JSON of the API; where the server is busy, it is asked again. */
export async function get(path, args = {}, tries = 5) {
  const query = new URLSearchParams(Object.entries(args).filter(([, value]) => value !== null)).toString();
  const answer = await fetch(`/api/v1/${path}${query ? `?${query}` : ''}`);
  const json = await answer.json();
  if ((answer.status === 503 || answer.status === 429) && tries > 1) {
    await pause(1000);
    return get(path, args, tries - 1);
  }
  if (!answer.ok) throw new Error(json.error || answer.statusText);
  return json;
}

/** The values of a row of /api/v1/history: a number stands for a row that never changed. */
export function series(history, key) {
  const row = history.rows[key];
  if (row === undefined) return null;
  return Array.isArray(row) ? row : new Array(history.times_ms.length).fill(row);
}

/* Colours and their rows, and the distances of ticks, are the program's: the same as in its pictures. */
const meta = name => document.querySelector(`meta[name=${name}]`).content.split(' ');
export const palette = meta('palette').filter(word => word.startsWith('#'));
export const ticks = meta('ticks').map(Number);
const COLOR = Object.fromEntries(meta('palette').filter(word => word.includes('=')).map(word => word.split('=')).map(([id, index]) => [id, Number(index)]));
export const color = (id, index = 0) => palette[COLOR[id] ?? index % 12];

const SVG = 'http://www.w3.org/2000/svg';

/** A small line of values, missing ones as gaps. */
export function spark(values, width = 96, height = 20) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const known = values.filter(value => value !== null && value !== undefined);
  if (known.length < 2) return svg;
  const low = Math.min(...known), high = Math.max(...known), range = high - low || 1;
  let path = '', pen = false;
  values.forEach((value, index) => {
    if (value === null || value === undefined) { pen = false; return; }
    const x = index / (values.length - 1) * width;
    const y = high === low ? height / 2 : height - 2 - (value - low) / range * (height - 4);
    path += `${pen ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  });
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/** What a cache holds and does not use; null: not known. Only exact counts have what CPUs keep. */
export const waste = row => row.free_bytes === null && row.tail_bytes === null ? null : ['free_bytes', 'cached_bytes', 'tail_bytes', 'padding_bytes'].reduce((sum, key) => sum + (row[key] ?? 0), 0);
