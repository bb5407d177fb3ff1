// @ts-check
/** The texts of a picture: word by word, each where the browser has put it, and cut as it cuts them. */

import {both, inner, isEmpty, text, widthOf} from './sheet.js';

/**
 * @typedef {import('./sheet.js').Box} Box
 * @typedef {import('./sheet.js').Sheet} Sheet
 * Where a line that has no room goes on as dots, and whether they stand there; null where it has. @typedef {{right: number, isTold: boolean} | null} End
 */

const DOTS = '…';

/** @param {Sheet} sheet @param {Element} node that shows nothing beyond its box @param {Box} box @param {CSSStyleDeclaration} style @returns {End} */
export function endOf(sheet, node, box, style) {
  if (style.textOverflow !== 'ellipsis' || node.scrollWidth <= node.clientWidth) return null;
  return {right: inner(box, style).right - widthOf(sheet, DOTS, style), isTold: false};
}

/** @param {Sheet} sheet @param {Text} node @param {CSSStyleDeclaration} style @param {Box} clip @param {End} end */
export function words(sheet, node, style, clip, end) {
  const range = document.createRange();
  const isTitle = Boolean(node.parentElement) && getComputedStyle(/** @type {Element} */ (node.parentElement), '::first-letter').textTransform === 'uppercase';
  for (const {0: word, index} of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const [box, ...more] = range.getClientRects();
    if (!box || isEmpty(both(clip, box)) || end?.isTold) continue;
    const isRaised = style.textTransform === 'capitalize' || (isTitle && index === 0);
    const told = isRaised ? word[0].toUpperCase() + word.slice(1) : word;
    if (end && box.right > end.right) shorten(sheet, told, box, style, end);
    else if (more.length && !isRaised) letters(sheet, node, index, word, style);
    else text(sheet, told, box, style);
  }
}

/** Paints as much of a word as there is room for, and dots. @param {Sheet} sheet @param {string} word @param {Box} box @param {CSSStyleDeclaration} style @param {NonNullable<End>} end */
function shorten(sheet, word, box, style, end) {
  const room = end.right - box.left;
  const fits = [...word].reduce((told, letter) => (widthOf(sheet, told + letter, style) <= room ? told + letter : told), '');
  text(sheet, fits + DOTS, {...box, left: Math.min(box.left, end.right)}, style);
  end.isTold = true;
}

/** @param {Sheet} sheet @param {Text} node @param {number} start @param {string} word that is broken into lines @param {CSSStyleDeclaration} style */
function letters(sheet, node, start, word, style) {
  const range = document.createRange();
  let index = start;
  for (const letter of word.slice(0, 1000)) {
    range.setStart(node, index);
    range.setEnd(node, (index += letter.length));
    text(sheet, letter, range.getBoundingClientRect(), style);
  }
}
