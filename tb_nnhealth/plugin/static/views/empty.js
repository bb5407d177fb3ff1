// @ts-check
/** What the page says where there is nothing to show: never a blank. */

import {h, icon} from '../dom.js';
import {sentence} from '../format.js';

/** @param {string} title @param {...any} body */
const notice = (title, ...body) => h('section.card.notice', {}, h('h1', {}, title), body);

export const loading = () => h('p.loading', {role: 'status'}, 'Reading the run …');

export function noRuns() {
  return notice('No health data yet',
    h('p', {}, 'Add the callback to a training, with a directory below the one TensorBoard shows:'),
    h('pre', {}, 'from tb_nnhealth import HealthCallback\n\nmodel.fit(x, y, callbacks=[HealthCallback("logs/run1")])'),
    h('p.dim', {}, 'This page looks for new runs every few seconds.'));
}

/** @param {string} text @param {() => void} again */
export function failed(text, again) {
  return notice('This run could not be shown',
    h('p.sentence', {role: 'alert'}, icon('error'), h('span', {}, sentence(text))),
    h('button', {type: 'button', 'data-key': 'again', onclick: again}, 'Try again'));
}

/** What is below is older than the error. @param {string} text @param {() => void} again */
export function stale(text, again) {
  return h('p.sentence.stale.card', {role: 'alert'}, icon('warning'), h('span', {}, `No news: ${sentence(text)}`),
    h('button', {type: 'button', 'data-key': 'again', onclick: again}, 'Try again'));
}
