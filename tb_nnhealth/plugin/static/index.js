// @ts-check
/** The page's entry: TensorBoard imports this module into an empty iframe and calls `render`. */

import {judgeAhead} from './api.js';
import {nameFrame, readAddress} from './host.js';

const STYLES = ['./vendor/uPlot.min.css', './style.css', './runs.css'];

/** Puts the Health tab into the document. */
export async function render() {
  document.documentElement.lang = 'en';
  nameFrame('Health');
  const {page, run = null} = readAddress();
  if (!page) judgeAhead(run);
  const [{start}] = await Promise.all([import('./app.js'), ...STYLES.map(stylesheet)]);
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
