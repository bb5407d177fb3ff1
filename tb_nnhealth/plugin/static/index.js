// @ts-check
/** The page's entry: TensorBoard imports this module into an empty iframe and calls `render`. */

import {askAhead} from './api.js';
import {nameFrame, readAddress} from './host.js';
import {MODULES} from './modules.js';

const STYLES = ['./vendor/uPlot.min.css', './style.css', './runs.css', './preflight.css'];

/** Puts the Health tab into the document. */
export async function render() {
  document.documentElement.lang = 'en';
  nameFrame('Health');
  const {page, run = null} = readAddress();
  if (!page) askAhead(run);
  document.head.append(...MODULES.map(preload));
  const [{start}] = await Promise.all([import('./app.js'), ...STYLES.map(stylesheet)]);
  const root = document.createElement('div');
  root.id = 'nnhealth';
  document.body.append(root);
  start(root);
}

/** Has a module fetched at once: else each is known only when one that imports it has come. @param {string} href */
const preload = (href) => linked('modulepreload', href);

/** @param {string} rel @param {string} href relative to this module */
function linked(rel, href) {
  const link = document.createElement('link');
  link.rel = rel;
  link.href = new URL(href, import.meta.url).href;
  return link;
}

/** @param {string} href */
function stylesheet(href) {
  const link = linked('stylesheet', href);
  const loaded = new Promise((resolve) => {
    link.onload = resolve;
    link.onerror = resolve;
  });
  document.head.append(link);
  return loaded;
}
