// SPDX-License-Identifier: GPL-2.0-or-later
// A flame graph of stacks: callers on top, each box as wide as the memory that went through it.
// Drawn as SVG, zoomed by click or Enter, walked by arrows, searched.

import { bytes, count, el, percent } from './lib.js';

const BOX = 20, LETTER = 6.7, NARROW = 1; // pixels; boxes below NARROW are not drawn
const SVG = 'http://www.w3.org/2000/svg';
const Z = 2.576; // both sides, 99 %: as kt_watched_bytes()

/* ---- amounts ---- */

/** Bounds of an amount that was sampled (Byar's), the same rule as the tables of the program have. */
export function bounds(sum, variance, seen) {
  if (!(sum > 0) || !(variance > 0)) return { low: sum, high: sum };
  const n = sum * sum / variance, low = 1 - 1 / (9 * n) - Z / (3 * Math.sqrt(n)), high = 1 - 1 / (9 * (n + 1)) + Z / (3 * Math.sqrt(n + 1));
  return { low: Math.max(low > 0 ? sum * low ** 3 : 0, seen), high: sum * (n + 1) / n * high ** 3 };
}

/** "6.2 MiB ± 3 %", or the bounds where few samples leave them far apart; without an error, the amount. */
export function amount(node) {
  if (node.variance === null) return bytes(node.bytes);
  const { low, high } = bounds(node.bytes, node.variance, node.seen), error = node.bytes > 0 ? Math.max(node.bytes - low, high - node.bytes) / node.bytes : 0;
  return error < 1 ? `${bytes(node.bytes)} ± ${percent(error, error < 0.1 ? 1 : 0)}` : `${bytes(node.bytes)} (${bytes(low)} to ${bytes(high)})`;
}

/* ---- the tree ---- */

/** "foo+0x1/0x20 [module]" is "foo [module]": places within a function are one box. */
const frameOf = text => text.replace(/\+0x\S*/, '');

const leaf = (name, parent, kind) => ({ name, parent, kind, depth: parent ? parent.depth + 1 : 0, bytes: 0, objects: 0, samples: 0, seen: 0, variance: 0, kids: new Map() });

/** The profile of a watch as a tree; `what`: "held" or "allocated". First by process, then by frames. */
export function treeOf(profile, what) {
  const root = leaf('all', null, 'all');
  for (const row of profile) {
    const size = row[`${what}_bytes`];
    if (!(size > 0) || !row.stack) continue;
    const steps = [[row.who ?? '(unknown)', row.context === 'interrupt' ? 'interrupt' : 'who'],
      ...row.stack.split(' < ').reverse().map(frame => [frameOf(frame), frame.includes(' [') ? 'module' : 'kernel'])];
    let node = root;
    const add = to => {
      to.bytes += size;
      if (what !== 'held') { to.variance = null; return; }
      to.objects += row.held_objects;
      to.samples += row.held_samples;
      to.seen += row.held_seen_bytes;
      to.variance += row.held_variance;
    };
    add(root);
    for (const [name, kind] of steps) {
      const key = `${kind} ${name}`;
      if (!node.kids.has(key)) node.kids.set(key, leaf(name, node, kind));
      add(node = node.kids.get(key));
    }
  }
  const settle = node => {
    node.kids = [...node.kids.values()].sort((a, b) => b.bytes - a.bytes);
    node.kids.forEach(settle);
  };
  settle(root);
  return root;
}

const KINDS = {
  interrupt: 'in an interrupt: the process that ran then has nothing to do with it', who: 'on behalf of this process or kernel work',
  module: 'function of a module', kernel: 'function of the kernel', all: '',
};

export const describe = (node, root) =>
  [node.name, `${amount(node)}, ${percent(node.bytes / root.bytes, 1)} of all`,
    node.samples ? `${count(node.objects)} ${node.objects === 1 ? 'object' : 'objects'}, ${count(node.samples)} ${node.samples === 1 ? 'sample' : 'samples'}` : null, KINDS[node.kind]].filter(Boolean);

/* ---- drawing ---- */

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** One of four shades, always the same for a name. */
const shade = name => [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 0) >> 3 & 3;

const within = (node, ancestor) => { for (let at = node; at; at = at.parent) if (at === ancestor) return true; return false; };

/** A flame graph in `into`; returns what a search and a change of the tree need. */
export function flameGraph(into, label) {
  const tip = el('div', { class: 'flame-tip', hidden: true, role: 'status' }), read = el('p', { class: 'flame-read', 'aria-live': 'polite' });
  const back = el('button', { type: 'button', class: 'plain', disabled: true, onclick: () => zoom(zoomed.parent ?? root) }, '← Back');
  const all = el('button', { type: 'button', class: 'plain', disabled: true, onclick: () => zoom(root) }, 'All');
  const search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', oninput: () => find() });
  const found = el('span', { class: 'note', role: 'status' });
  const canvas = svg('svg', { class: 'flame', role: 'group', 'aria-label': label });
  let root = leaf('all', null, 'all'), zoomed = root, at = root, nodes = new Map(), wanted = '';

  into.replaceChildren(el('div', { class: 'flame-bar' }, back, all, el('label', { class: 'filter' }, 'Search ', search), found), canvas, tip, read);

  const matches = node => wanted && node.name.toLowerCase().includes(wanted);

  function tell(node) {
    read.replaceChildren(...describe(node, root).flatMap((text, index) => index ? [' · ', text] : [el('b', {}, text)]));
  }

  function box(node, x, width, height) {
    const y = node.depth * BOX, over = within(zoomed, node) && node !== zoomed;
    const group = svg('g', { class: `box ${node.kind}${over ? ' over' : ''}${wanted ? matches(node) ? ' hit' : ' miss' : ''}`, tabindex: node === at ? 0 : -1,
      role: 'button', 'aria-label': describe(node, root).join(', '), 'data-name': node.name });
    group.append(svg('rect', { class: `s${shade(node.name)}`, x: x.toFixed(2), y, width: Math.max(width - (width > 3 ? 0.7 : 0), 0.5).toFixed(2), height: height - 1, rx: 2 }));
    if (node.kind === 'interrupt') group.append(svg('rect', { class: 'hatch', x: x.toFixed(2), y, width: Math.max(width - 0.7, 0.5).toFixed(2), height: height - 1, rx: 2 }));
    const room = Math.floor((width - 8) / LETTER);
    if (room >= 3) group.append(svg('text', { x: (x + 4).toFixed(2), y: y + BOX - 6 }, node.name.length > room ? `${node.name.slice(0, room - 1)}…` : node.name));
    group.addEventListener('click', () => { at = node; zoom(node); });
    group.addEventListener('focus', () => tell(node));
    group.addEventListener('pointermove', event => hover(node, event));
    group.addEventListener('pointerleave', () => { tip.hidden = true; });
    nodes.set(node, group);
    canvas.append(group);
  }

  function draw(focus = false) {
    const width = into.clientWidth || 800;
    let deep = 0, narrow = 0;
    const put = (node, x, w) => {
      if (w < NARROW) { narrow++; return; }
      deep = Math.max(deep, node.depth);
      box(node, x, w, BOX);
      for (const kid of node.kids) { const part = w * kid.bytes / node.bytes; put(kid, x, part); x += part; }
    };
    canvas.replaceChildren(svg('defs', {}, svg('pattern', { id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' }, svg('rect', { width: 2, height: 6 }))));
    nodes = new Map();
    for (let over = zoomed.parent, chain = []; ; over = over.parent) {
      if (!over) { chain.reverse().forEach(node => box(node, 0, width, BOX)); break; }
      chain.push(over);
    }
    if (root.bytes > 0) put(zoomed, 0, width);
    canvas.setAttribute('viewBox', `0 0 ${width} ${(deep + 1) * BOX}`);
    canvas.setAttribute('height', (deep + 1) * BOX);
    canvas.dataset.zoomed = zoomed.name;
    canvas.dataset.narrow = narrow;
    back.disabled = all.disabled = zoomed === root;
    if (focus) nodes.get(at)?.focus({ preventScroll: false });
  }

  function zoom(node) {
    zoomed = node;
    if (!within(at, node)) at = node;
    tip.hidden = true;
    draw(into.contains(document.activeElement) && document.activeElement !== search);
    tell(node);
  }

  function hover(node, event) {
    const [name, ...lines] = describe(node, root), edge = into.getBoundingClientRect();
    if (event.pointerType === 'touch') return;
    tip.replaceChildren(el('b', {}, name), ...lines.map(line => el('span', {}, line)));
    tip.hidden = false;
    tip.style.left = `${Math.max(0, Math.min(event.clientX - edge.left + 12, edge.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${event.clientY - edge.top + 16}px`;
  }

  function find() {
    wanted = search.value.trim().toLowerCase();
    // a box within another one that matches is counted once
    const sum = node => matches(node) ? node.bytes : node.kids.reduce((total, kid) => total + sum(kid), 0);
    const hit = wanted ? sum(root) : 0;
    found.textContent = wanted ? hit ? `${bytes(hit)}, ${percent(hit / root.bytes, 1)} of all` : 'no function has this name' : '';
    draw();
  }

  function step(node) {
    if (!node || !nodes.has(node)) return;
    at = node;
    for (const [other, group] of nodes) group.setAttribute('tabindex', other === node ? 0 : -1);
    nodes.get(node).focus();
  }

  canvas.addEventListener('keydown', event => {
    const drawn = at.parent ? at.parent.kids.filter(kid => nodes.has(kid)) : [at], index = drawn.indexOf(at);
    switch (event.key) {
      case 'ArrowDown': step(at.kids.find(kid => nodes.has(kid))); break;
      case 'ArrowUp': step(at.parent); break;
      case 'ArrowLeft': step(drawn[index - 1]); break;
      case 'ArrowRight': step(drawn[index + 1]); break;
      case 'Home': at = root; zoom(root); break;
      case 'Enter':
      case ' ': zoom(at); break;
      case 'Backspace': zoom(zoomed.parent ?? root); break;
      case 'Escape': if (zoomed === root) return; zoom(zoomed.parent); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  let drawnWidth = 0;
  new ResizeObserver(() => {
    if (into.clientWidth === drawnWidth) return;
    drawnWidth = into.clientWidth;
    draw();
  }).observe(into);

  return { show(tree) { root = zoomed = at = tree; search.value = wanted = ''; found.textContent = ''; draw(); tell(root); } };
}
