// @ts-check
/** What all canvases of the page need. */

/**
 * Gives a canvas its size on this screen and returns an empty context in CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  if (canvas.width !== across || canvas.height !== down) {
    Object.assign(canvas, {width: across, height: down});
    Object.assign(canvas.style, {width: `${width}px`, height: `${height}px`});
  } else {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, across, down);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Infinite values and NaN: outside the scales' hues on purpose, and striped. */
export const NONFINITE = ['#d6004b', '#ffffff'];

/**
 * Returns a ground for cells that hold no number of the scale: stripes for NaN and infinity, dots for what is exactly zero.
 * @param {CanvasRenderingContext2D} context @param {'nonfinite' | 'zero'} kind @param {boolean} dark
 */
export function mark(context, kind, dark) {
  const tile = document.createElement('canvas');
  const size = (tile.width = tile.height = kind === 'zero' ? 4 : 6);
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext('2d'));
  const [ground, ink] = kind === 'nonfinite' ? NONFINITE : dark ? ['#0b0d11', '#8f99aa'] : ['#ffffff', '#6b7488'];
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = ink;
  if (kind === 'zero') pen.fillRect(1, 1, 1.5, 1.5);
  else for (let i = 0; i < size; i++) pen.fillRect(i, i, 2, 1);
  return /** @type {CanvasPattern} */ (context.createPattern(tile, 'repeat'));
}

/**
 * Paints the ground of what was not measured, between two places.
 * @param {CanvasRenderingContext2D} context @param {number} left @param {number} right @param {number} height @param {boolean} dark
 */
export function hatch(context, left, right, height, dark) {
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, height);
  context.clip();
  context.fillStyle = dark ? '#1c1f26' : '#ffffff';
  context.fillRect(left, 0, right - left, height);
  context.strokeStyle = dark ? '#3a3f4a' : '#d3d8e0';
  context.lineWidth = 1;
  context.beginPath();
  for (let x = -height; x < right; x += 7) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

/**
 * Draws a frame that can be seen on every colour below it.
 * @param {CanvasRenderingContext2D} context @param {boolean} dark
 * @param {number[]} dash @param {number} x @param {number} y @param {number} width @param {number} height
 */
export function outline(context, dark, dash, x, y, width, height) {
  const [line, halo] = dark ? ['#ffffff', '#000000'] : ['#10131a', '#ffffff'];
  context.strokeStyle = halo;
  context.lineWidth = 3;
  context.strokeRect(x, y, width, height);
  context.setLineDash(dash);
  context.strokeStyle = line;
  context.lineWidth = 1.5;
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
}
