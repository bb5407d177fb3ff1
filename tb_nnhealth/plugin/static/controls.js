// @ts-check
/** Check boxes, sliders and fields of a picture: a browser paints them by itself, and tells of them only what they hold. */

import {cut, inner, place, text} from './sheet.js';

/**
 * @typedef {import('./sheet.js').Box} Box
 * @typedef {import('./sheet.js').Sheet} Sheet
 */

/** Pixels of a slider's line and of its handle. */
const [TRACK, HANDLE] = [5, 8];

/** The sign of a box that is ticked, as shares of it. @type {[number, number][]} */
const TICK = [[0.22, 0.52], [0.42, 0.72], [0.78, 0.3]];

/** @param {Sheet} sheet @param {HTMLInputElement} node @param {Box} box @param {CSSStyleDeclaration} style */
export function control(sheet, node, box, style) {
  const paint = {checkbox: tickBox, range: slider}[node.type] ?? field;
  sheet.context.save();
  if (node.disabled) sheet.context.globalAlpha *= 0.5;
  paint(sheet, node, box, style);
  sheet.context.restore();
}

/** @param {Sheet} sheet @param {HTMLInputElement} node @param {Box} box @param {CSSStyleDeclaration} style */
function tickBox(sheet, node, box, style) {
  const {context} = sheet;
  const [x, y, width, height] = place(sheet, box);
  context.beginPath();
  context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, 2.5);
  context.fillStyle = node.checked ? style.accentColor : style.getPropertyValue('--card');
  context.strokeStyle = node.checked ? style.accentColor : style.getPropertyValue('--dim');
  context.lineWidth = 1;
  context.fill();
  context.stroke();
  if (!node.checked) return;
  context.strokeStyle = style.getPropertyValue('--card');
  context.lineWidth = 2;
  context.beginPath();
  for (const [across, down] of TICK) context.lineTo(x + across * width, y + down * height);
  context.stroke();
}

/** @param {Sheet} sheet @param {HTMLInputElement} node @param {Box} box @param {CSSStyleDeclaration} style */
function slider(sheet, node, box, style) {
  const {context} = sheet;
  const [x, y, width, height] = place(sheet, box);
  const [least, most] = [Number(node.min), Number(node.max)];
  const at = HANDLE + (width - 2 * HANDLE) * (most > least ? (Number(node.value) - least) / (most - least) : 0);
  const middle = y + height / 2;
  for (const [end, colour] of /** @type {[number, string][]} */ ([[width, style.getPropertyValue('--edge')], [at, style.accentColor]])) {
    context.beginPath();
    context.roundRect(x, middle - TRACK / 2, end, TRACK, TRACK / 2);
    context.fillStyle = colour;
    context.fill();
  }
  context.beginPath();
  context.arc(x + at, middle, HANDLE, 0, 2 * Math.PI);
  context.fill();
}

/** Its ground is painted with those of other parts. @param {Sheet} sheet @param {HTMLInputElement} node @param {Box} box @param {CSSStyleDeclaration} style */
function field(sheet, node, box, style) {
  const colour = node.value ? style : getComputedStyle(node, '::placeholder');
  cut(sheet, inner(box, style));
  text(sheet, node.value || node.placeholder, inner(box, style), colour);
}
