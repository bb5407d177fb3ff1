// @ts-check
/** The heat map's rows as a tree of labels, of which those in view are on the page. */

import {arrow, focus, h, icon} from '../dom.js';
import {plural} from '../format.js';

/**
 * @typedef {import('./tree.js').Item} Item
 * What a label shows of a line. @typedef {{title: string, state: string | undefined, chosen: boolean, focused: boolean}} Look
 * @typedef {{open: (item: Item) => void, toggle: (item: Item) => void}} Actions
 */

/** Lines beside those in view that are there already when they come into it. */
const BEYOND = 3;

export class Rows {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    /** @type {Item[]} */
    this.items = [];
    /** The one that the Tab key goes to. @type {string | null} */
    this.stop = null;
    /** @type {Map<string, {node: HTMLElement, shape: string}>} */
    this.labels = new Map();
    this.node = h('div.labels', {role: 'tree', 'aria-label': 'Rows', 'aria-multiselectable': 'true'});
    this.node.addEventListener('focusin', (/** @type {FocusEvent} */ event) => {
      this.stop = /** @type {HTMLElement} */ (event.target).dataset.key ?? null;
    });
  }

  /**
   * @param {Item[]} items @param {number} first @param {number} last lines in view @param {number} height of a line
   * @param {(item: Item) => boolean} isChosen @param {(item: Item) => Look} look
   */
  update(items, first, last, height, isChosen, look) {
    this.items = items;
    const chosen = items.findIndex(isChosen);
    const kept = items.findIndex((item) => item.key === this.stop);
    const stop = kept >= 0 && this.focused() >= 0 ? kept : Math.max(0, chosen >= 0 ? chosen : kept);
    const from = Math.max(0, first - BEYOND);
    const shown = items.slice(from, last + BEYOND).map((_, index) => from + index);
    const wanted = items.length && !shown.includes(stop) ? [...shown, stop].sort((a, b) => a - b) : shown;
    const keys = new Set(wanted.map((index) => items[index].key));
    for (const [key, {node}] of this.labels) {
      if (keys.has(key)) continue;
      node.remove();
      this.labels.delete(key);
    }
    const labels = wanted.map((index) => this.label(items[index], look(items[index])));
    let at = this.node.firstChild;
    for (const [position, label] of labels.entries()) {
      const index = wanted[position];
      label.style.top = `${index * height}px`;
      label.tabIndex = index === stop ? 0 : -1;
      if (label === at) at = at.nextSibling;
      else this.node.insertBefore(label, at);
    }
  }

  /** @param {Item} item @param {Look} look @returns {HTMLElement} the label as it was, where it shows the same */
  label(item, look) {
    const shape = JSON.stringify([item.name, item.depth, item.rows.length, item.open, item.place, item.among, look]);
    const known = this.labels.get(item.key);
    if (known?.shape === shape) return known.node;
    const node = labelOf(item, look, () => this.actions.open(this.current(item)), () => this.actions.toggle(this.current(item)));
    if (known) {
      const hadFocus = known.node.contains(document.activeElement);
      known.node.replaceWith(node);
      if (hadFocus) focus(node);
    }
    this.labels.set(item.key, {node, shape});
    return node;
  }

  /** @param {Item} item @returns {Item} as it is now */
  current(item) {
    return this.items.find(({key}) => key === item.key) ?? item;
  }

  /** @returns {number} the line that has the focus, -1 where none has */
  focused() {
    const key = this.node.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : null;
    return key === null ? -1 : this.items.findIndex((item) => item.key === key);
  }

  /** @param {number} index of a line that is on the page */
  focus(index) {
    const label = this.labels.get(this.items[index].key)?.node;
    if (!label) return;
    focus(label);
    label.scrollIntoView({block: 'nearest'});
  }
}

/** @param {Item} item @param {Look} look @param {() => void} open @param {() => void} toggle */
function labelOf(item, {title, state, chosen, focused}, open, toggle) {
  const {key, name, depth, rows, place, among} = item;
  const isGroup = item.open !== null;
  const text = name.replace(/[/_]$/, '') || name;
  const cut = text.lastIndexOf('/', text.lastIndexOf('/') - 1) + 1;
  const disclosure = h('span.disclosure', {title: item.open ? 'Collapse' : 'Expand'}, arrow(Boolean(item.open)));
  const click = (/** @type {MouseEvent} */ event) => {
    const isDisclosure = isGroup && event.detail > 0 && event.clientX <= disclosure.getBoundingClientRect().right;
    (isDisclosure ? toggle : open)();
  };
  return h(focused ? 'button.row.focused' : 'button.row', {
    type: 'button', role: 'treeitem', title: isGroup ? `${title}: ${plural(rows.length, 'row')}` : title, style: `--depth: ${depth}`,
    'data-key': key, 'data-row': isGroup ? null : title, 'data-group': isGroup ? title : null, 'data-number': isGroup ? rows.length : null,
    'aria-level': depth + 1, 'aria-setsize': among, 'aria-posinset': place, 'aria-selected': String(chosen),
    'aria-expanded': isGroup ? String(item.open) : null, onclick: click,
    'aria-label': [title, isGroup ? plural(rows.length, 'row') : '', state ?? ''].filter(Boolean).join(', '),
  }, isGroup ? disclosure : h('span.disclosure.none'), state ? icon(state) : null,
  h('span.start', {}, text.slice(0, cut)), h('span.end', {}, text.slice(cut)));
}
