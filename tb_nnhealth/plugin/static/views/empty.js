// @ts-check
/** What the page says where there is nothing to show: never a blank. */

import {h, icon} from '../dom.js';

/** @param {string} title @param {...any} body */
const notice = (title, ...body) => h('section.card.notice', {}, h('h1', {}, title), body);

export const loading = () => h('p.loading', {role: 'status'}, 'Reading the run …');

export function noRuns() {
  return notice('No health data yet',
    h('p', {}, 'Add the callback to a training, with a directory below the one TensorBoard shows:'),
    h('pre', {}, 'from tb_nnhealth import HealthCallback\n\nmodel.fit(x, y, callbacks=[HealthCallback("logs/run1")])'),
    h('p.dim', {}, 'This page looks for new runs every few seconds.'));
}

/** @param {string} sentence @param {() => void} again */
export function failed(sentence, again) {
  return notice('This run could not be shown',
    h('p.sentence', {role: 'alert'}, icon('error'), sentence),
    h('button', {type: 'button', 'data-key': 'again', onclick: again}, 'Try again'));
}
