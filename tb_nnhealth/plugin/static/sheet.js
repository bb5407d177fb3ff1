// @ts-check
/** What a picture of the page is painted on: boxes and texts at the places where the browser has put them. */

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 * @typedef {{context: CanvasRenderingContext2D, x: number, y: number}} Sheet what is painted on, and where the page's corner is on it
 */

/** @param {Sheet} sheet @param {string} content @param {Box} box of its line @param {CSSStyleDeclaration} style */
export function text({context, x, y}, content, box, style) {
  context.font = fontOf(style);
  context.fillStyle = style.color;
  const {fontBoundingBoxAscent: above, fontBoundingBoxDescent: below} = context.measureText(content);
  context.fillText(content, x + box.left, y + (box.top + box.bottom + above - below) / 2);
}

/** @param {Sheet} sheet @param {string} content @param {CSSStyleDeclaration} style @returns {number} pixels */
export function widthOf({context}, content, style) {
  context.font = fontOf(style);
  return context.measureText(content).width;
}

/** @param {CSSStyleDeclaration} style */
const fontOf = (style) => `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;

/** @param {Sheet} sheet @param {Box} clip */
export function cut(sheet, clip) {
  sheet.context.beginPath();
  sheet.context.rect(...place(sheet, clip));
  sheet.context.clip();
}

/** @param {Sheet} sheet @param {Box} box @returns {[number, number, number, number]} */
export const place = ({x, y}, {left, top, right, bottom}) => [x + left, y + top, Math.max(0, right - left), Math.max(0, bottom - top)];

/** @param {Box} one @param {Box} other @returns {Box} */
export const both = (one, other) => ({
  left: Math.max(one.left, other.left), top: Math.max(one.top, other.top),
  right: Math.min(one.right, other.right), bottom: Math.min(one.bottom, other.bottom),
});

/** @param {Box} box */
export const isEmpty = ({left, top, right, bottom}) => right <= left || bottom <= top;

/** @param {Box} box @param {CSSStyleDeclaration} style @returns {Box} without its padding */
export const inner = ({left, top, right, bottom}, style) => ({
  left: left + parseFloat(style.paddingLeft) + 1, top, right: right - parseFloat(style.paddingRight), bottom,
});
