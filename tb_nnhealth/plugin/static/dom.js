// @ts-check
/** Nodes. Text goes in as text only: names of runs and layers are anybody's. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @param {string} tag with classes: `span.dim.mono`
 * @param {Record<string, any>} [properties] properties of the element; `aria-…`, `data-…`, `role` as attributes
 * @param {...any} children nodes and texts, nested as they come; null and false are left out
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key in node && !key.includes('-')) /** @type {any} */ (node)[key] = value;
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).flatMap((child) => (isShown(child) ? [toNode(child)] : [])));
  return node;
}

/** @param {string} text a path that may break after each slash and underline, and within what is written LikeThis */
export const path = (text) => text.split(/(?<=[/_])|(?<=[a-z0-9])(?=[A-Z])/).flatMap((part) => [part, document.createElement('wbr')]);

/** @param {string} text with `code` @returns {(string | Node)[]} */
export const inline = (text) => text.split('`').map((part, index) => (index % 2 ? h('code', {}, part) : part));

/** @param {string[]} texts @returns {Node} paths, one after the other */
export const paths = (texts) => h('span.mono.where', {}, texts.map((text, index) => [index ? ', ' : '', h('bdi', {}, path(text))]));

/** @param {Child} child */
const isShown = (child) => child !== null && child !== undefined && child !== false && child !== '';

/** @param {any} child */
const toNode = (child) => (child instanceof Node ? child : String(child));

/**
 * @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/** A place of the page that is built anew only when what it shows has changed; it keeps the focus. */
export class Slot {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    /** @type {unknown[] | null} */
    this.inputs = null;
  }

  /** @param {unknown[]} inputs what the view depends on @param {() => Node | null} view */
  show(inputs, view) {
    if (this.inputs && this.inputs.length === inputs.length && this.inputs.every((x, i) => Object.is(x, inputs[i]))) {
      return;
    }
    this.inputs = inputs;
    const focused = this.host.contains(document.activeElement) && document.activeElement?.getAttribute('data-key');
    const node = view();
    this.host.replaceChildren(...(node ? [node] : []));
    if (focused) focus(this.host.querySelector(`[data-key="${CSS.escape(focused)}"]`));
  }
}

/** Gives the focus without moving the page. @param {Element | null} element */
export function focus(element) {
  if (element instanceof HTMLElement) element.focus({preventScroll: true});
}

/** @param {boolean} open */
export const arrow = (open) => svg('svg', {viewBox: '0 0 8 8', class: 'arrow', 'aria-hidden': 'true'},
  svg('path', {d: open ? 'M0 1h8l-4 6Z' : 'M1 0v8l6-4Z'}));

/** @type {Record<'down' | 'up' | 'right', string>} */
const CHEVRONS = {down: 'M1.5 3.2 5 6.7 8.5 3.2', up: 'M1.5 6.7 5 3.2 8.5 6.7', right: 'M3.2 1.5 6.7 5 3.2 8.5'};

/** The sign of a part that folds; the style shows the one that holds. @param {keyof CHEVRONS} closed @param {keyof CHEVRONS} open */
export const chevron = (closed, open) => svg('svg', {viewBox: '0 0 10 10', class: 'chevron', 'aria-hidden': 'true'},
  svg('path', {class: 'closed', d: CHEVRONS[closed]}), svg('path', {class: 'open', d: CHEVRONS[open]}));

/** Shapes of the states: each is told apart without its colour. */
const SHAPES = {
  pass: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M4.8 8.3l2.1 2.1 4.3-4.6'],
  error: ['M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3Z', 'M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8'],
  warning: ['M8 1.6l6.9 12.4H1.1Z', 'M8 6v3.6M8 11.4v.9'],
  info: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M8 7.4v4M8 4.6v.9'],
  no_data: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M5 8h6'],
};

/** @param {string} state pass, error, warning, info or no_data */
export function icon(state) {
  const [outline, sign] = SHAPES[/** @type {keyof SHAPES} */ (state)] ?? SHAPES.no_data;
  const hollow = state === 'no_data';
  const shape = svg('path', {d: outline, class: hollow ? 'hollow' : 'solid'});
  const mark = svg('path', {d: sign, class: hollow ? 'stroke' : 'mark'});
  return svg('svg', {viewBox: '0 0 16 16', class: `icon ${state}`, 'aria-hidden': 'true'}, shape, mark);
}
