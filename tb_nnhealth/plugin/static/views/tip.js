// @ts-check
/** What a cell of the heat map stands for, in words. */

import {h} from '../dom.js';
import {exact, plural, shortened, steps as stepsText, words} from '../format.js';

/** Statistics that are divided by the norm of a variable. */
const RATIOS = new Set(['update_ratio', 'gradient_ratio']);

/**
 * @param {import('./heatmap.js').Shown} shown @param {import('./extremes.js').Summary} summary
 * @param {import('./tree.js').Item} item @param {number} column
 */
export function tipText({rows, statistic, scale}, summary, item, column) {
  const {first, last} = summary.frame;
  const {low, high, bad} = summary.of(item);
  const [least, most] = [low[column], high[column]];
  const isGroup = item.open !== null;
  const several = first[column] !== last[column];
  const value = (/** @type {number} */ number) => h('b', {}, exact(number, scale.unit));
  const measured = Number.isNaN(least) ? [h('b', {}, bad?.[column] ? 'NaN' : 'not measured')] : least === most ? [value(most)] : [value(least), ' to ', value(most)];
  return [
    h('div.tip-value', {}, measured, ` ${words(statistic)}`),
    RATIOS.has(statistic) && Number.isNaN(least) && !bad?.[column] ? h('div.dim', {}, 'There is no ratio to a variable that is all zeros.') : '',
    bad?.[column] ? h('div.tip-bad', {}, `NaN or Inf in ${plural(bad[column], 'element')}`) : '',
    h('div.mono', {}, h('bdi', {}, shortened(isGroup ? item.key.replace(/\/$/, '') : rows[item.rows[0]])), isGroup ? `: ${plural(item.rows.length, 'row')}` : ''),
    isGroup && least !== most ? whose(rows, summary, item, column, least, most) : '',
    h('div.dim', {}, stepsText(first[column], last[column]), several ? ' (the extremes of them)' : ''),
  ];
}

/** @param {string[]} rows @param {import('./extremes.js').Summary} summary @param {import('./tree.js').Item} item @param {number} column @param {number} least @param {number} most */
function whose(rows, summary, item, column, least, most) {
  const [lowest, highest] = [least, most].map((value) => summary.whose(item.rows, column, value));
  if (lowest === null || highest === null) return '';
  const short = (/** @type {number} */ row) => shortened(rows[row].slice(item.key.length) || rows[row], 100);
  return h('div.dim', {}, 'lowest ', h('span.mono', {}, short(lowest)), ', highest ', h('span.mono', {}, short(highest)));
}
