// @ts-check
/** The page's entry: TensorBoard imports this module into an empty iframe and calls `render`. */

import {start} from './app.js';
import {nameFrame} from './host.js';

const STYLES = ['./vendor/uPlot.min.css', './style.css', './runs.css'];

/** Puts the Health tab into the document. */
export async function render() {
  document.documentElement.lang = 'en';
  nameFrame('Health');
  await Promise.all(STYLES.map(stylesheet));
  const root = document.createElement('div');
  root.id = 'nnhealth';
  document.body.append(root);
  start(root);
}

/** @param {string} href relative to this module */
function stylesheet(href) {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL(href, import.meta.url).href;
  const loaded = new Promise((resolve) => {
    link.onload = resolve;
    link.onerror = resolve;
  });
  document.head.append(link);
  return loaded;
}
