// @ts-check
/**
 * A part of the page as a PNG file, painted from what the browser has laid out: grounds, borders, canvases, icons and
 * texts at their places. TensorBoard's content policy lets nothing else: no library's worker, no style in a picture.
 */

import {control} from './controls.js';
import {both, cut, inner, isEmpty, place, text, widthOf} from './sheet.js';
import {endOf, words} from './paintedtext.js';

const HEAD = 44;
const MARGIN = 14;

/** Pixels of a side that every browser's canvas holds. */
const MOST_PIXELS = 8192;

/** Properties that an icon needs of the page's style. */
const DRAWN = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin', 'opacity', 'vector-effect', 'display'];

/**
 * @typedef {import('./sheet.js').Box} Box
 * @typedef {import('./sheet.js').Sheet} Sheet
 */

/** @param {HTMLElement} node @param {string} title written above it @returns {Promise<Blob>} */
async function picture(node, title) {
  const box = node.getBoundingClientRect();
  const [width, height] = [box.width, box.height + HEAD];
  const ratio = Math.min(Math.max(2, window.devicePixelRatio || 1), MOST_PIXELS / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.scale(ratio, ratio);
  const style = getComputedStyle(node);
  context.fillStyle = style.getPropertyValue('--card');
  context.fillRect(0, 0, width, height);
  context.fillStyle = style.color;
  context.font = `600 14px ${style.fontFamily}`;
  context.fillText(title, MARGIN, HEAD - MARGIN, width - 2 * MARGIN);
  await paint({context, x: -box.left, y: HEAD - box.top}, node, box);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the canvas gave no picture'))), 'image/png'));
}

/** Saves a picture. @param {HTMLElement} node @param {string[]} told what is written above it @param {string[]} name of the file, in parts */
export async function savePicture(node, told, name) {
  save(await picture(node, told.filter(Boolean).join(' · ')), `${name.map(fileName).join('.')}.png`);
}

/** @param {string} name @returns {string} as far as every file system takes it */
const fileName = (name) => name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[._]+|[._]+$/g, '').slice(0, 80) || 'run';

/** @param {Blob} blob @param {string} name of the file */
function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @param {Sheet} sheet @param {Element} node @param {Box} clip what is seen of the parts around it @param {import('./paintedtext.js').End} [around] where their text ends */
async function paint(sheet, node, clip, around = null) {
  const style = getComputedStyle(node);
  const box = node.getBoundingClientRect();
  if (style.display === 'none' || style.visibility === 'hidden' || style.opacity === '0') return;
  const isOpen = style.overflowX === 'visible' && style.overflowY === 'visible';
  const seen = isOpen ? clip : both(clip, box);
  const end = isOpen ? around : endOf(sheet, node, box, style);
  if (box.width && box.height && isEmpty(both(clip, box))) return;
  const {context} = sheet;
  context.save();
  cut(sheet, clip);
  context.globalAlpha *= Number(style.opacity);
  if (!isEmpty(both(clip, box))) {
    ground(sheet, box, style);
    if (node instanceof HTMLInputElement) control(sheet, node, box, style);
    if (node instanceof HTMLCanvasElement && node.width && node.height) context.drawImage(node, ...place(sheet, box));
    if (node instanceof HTMLImageElement && node.complete && node.naturalWidth) image(sheet, node, box);
    if (node instanceof SVGSVGElement) await icon(sheet, node, box);
    if (node.hasAttribute('data-number')) count(sheet, node, inner(box, style));
    if (style.display === 'list-item' && style.listStyleType !== 'none') marker(sheet, node, box, style);
    if (node instanceof HTMLSelectElement) text(sheet, node.selectedOptions[0]?.text ?? '', inner(box, style), style);
  }
  cut(sheet, seen);
  for (const child of shownChildren(node)) {
    if (child instanceof Text) words(sheet, child, style, seen, end);
    else if (child instanceof Element) await paint(sheet, child, seen, end);
  }
  context.restore();
}

/** @param {Element} node @returns {Iterable<Node>} */
function shownChildren(node) {
  if (node instanceof SVGSVGElement || node instanceof HTMLSelectElement) return [];
  if (node instanceof HTMLDetailsElement && !node.open) return node.querySelectorAll(':scope > summary');
  return node.childNodes;
}

/** @param {Sheet} sheet @param {DOMRect} box @param {CSSStyleDeclaration} style */
function ground(sheet, box, style) {
  const {context} = sheet;
  const [x, y, width, height] = place(sheet, box);
  context.beginPath();
  context.roundRect(x, y, width, height, parseFloat(style.borderTopLeftRadius) || 0);
  context.fillStyle = style.backgroundColor;
  context.fill();
  /** @type {[string, string, string, number, number, number, number][]} */
  const edges = [
    [style.borderTopWidth, style.borderTopStyle, style.borderTopColor, x, y, x + width, y],
    [style.borderRightWidth, style.borderRightStyle, style.borderRightColor, x + width, y, x + width, y + height],
    [style.borderBottomWidth, style.borderBottomStyle, style.borderBottomColor, x, y + height, x + width, y + height],
    [style.borderLeftWidth, style.borderLeftStyle, style.borderLeftColor, x, y, x, y + height],
  ];
  for (const [thickness, kind, colour, x1, y1, x2, y2] of edges) {
    if (kind === 'none' || !parseFloat(thickness)) continue;
    context.strokeStyle = colour;
    context.lineWidth = parseFloat(thickness);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
}

/** Paints what stands before an item of a list. @param {Sheet} sheet @param {Element} node @param {DOMRect} box @param {CSSStyleDeclaration} style */
function marker(sheet, node, box, style) {
  const number = [...(node.parentElement?.children ?? [])].indexOf(node) + 1;
  const content = style.listStyleType === 'decimal' ? `${number}.` : '•';
  const line = parseFloat(style.lineHeight) || box.height;
  const left = box.left - 1.4 * parseFloat(style.fontSize);
  text(sheet, content, {left, top: box.top, right: box.left, bottom: box.top + line}, style);
}

/** Paints the number that the style writes at the end of a group's label. @param {Sheet} sheet @param {Element} node @param {Box} box */
function count(sheet, node, box) {
  const style = getComputedStyle(node, '::after');
  const content = node.getAttribute('data-number') ?? '';
  text(sheet, content, {...box, left: box.right - widthOf(sheet, content, style)}, style);
}

/** @param {Sheet} sheet @param {HTMLImageElement} node @param {DOMRect} box */
function image(sheet, node, box) {
  sheet.context.imageSmoothingEnabled = false;
  sheet.context.drawImage(node, ...place(sheet, box));
}

/** @param {Sheet} sheet @param {SVGSVGElement} node @param {DOMRect} box */
async function icon(sheet, node, box) {
  const copy = /** @type {SVGSVGElement} */ (node.cloneNode(true));
  const parts = [node, ...node.querySelectorAll('*')];
  [copy, ...copy.querySelectorAll('*')].forEach((part, index) => {
    const style = getComputedStyle(parts[index]);
    for (const name of DRAWN) part.setAttribute(name, style.getPropertyValue(name));
  });
  copy.setAttribute('width', String(box.width));
  copy.setAttribute('height', String(box.height));
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  const drawn = await image.decode().then(() => true, () => false);
  if (drawn) sheet.context.drawImage(image, ...place(sheet, box));
}
