// @ts-check
/** What all canvases of the page need. */

/**
 * Gives a canvas its size on this screen and returns an empty context in CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/**
 * Paints the ground of what was not measured.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {boolean} dark
 */
export function hatch(context, width, height, dark) {
  context.fillStyle = dark ? '#23262e' : '#eef0f3';
  context.fillRect(0, 0, width, height);
  context.strokeStyle = dark ? '#3a3f4a' : '#d3d8e0';
  context.lineWidth = 1;
  context.beginPath();
  for (let x = -height; x < width; x += 7) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
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
