// @ts-check
/** The findings on an axis of steps: a flag where each begins, or the range that it goes on in; those that begin together under one. */

import {h, icon} from '../dom.js';
import {plural, sentence, steps as stepsText} from '../format.js';
import {SEVERITIES, titleOf} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{finding: Json, title: string, step: number}} Marked `step`: where it stands
 */

/** Pixels between two flags, so that both can be hit. */
const APART = 26;

/**
 * @param {string} label @param {Marked[][]} marked @param {import('./axis.js').StepAxis} axis
 * @param {(findings: Json[]) => void} open @param {(finding: Json | null) => void} point shows the steps of a finding
 */
export function flags(label, marked, axis, open, point) {
  return h('div.flags', {role: 'group', 'aria-label': label}, marked.map((group) => {
    const [{finding, step}] = group;
    const state = worst(group);
    const told = group.map(({title}) => sentence(title)).join(' ');
    return h('button.flag', {
      type: 'button', 'data-state': state, 'data-key': `flag:${finding.rule}`,
      style: `left: ${(100 * axis.toPixel(step, 1)).toFixed(3)}%`,
      'aria-label': `${plural(group.length, 'finding')} from step ${finding.first_step}: ${told}`,
      title: `${stepsText(finding.first_step, finding.last_step)}: ${told}`,
      onclick: () => open(group.map((marked) => marked.finding)), onpointerenter: () => point(finding), onpointerleave: () => point(null),
      onfocus: () => point(finding), onblur: () => point(null),
    }, icon(state), group.length > 1 ? String(group.length) : null);
  }));
}

/** @param {Marked[]} group @returns {string} */
const worst = (group) => SEVERITIES.find((severity) => group.some(({finding}) => finding.severity === severity)) ?? 'info';

/** @param {Marked[][]} marked @returns {{step: number, state: string}[]} where those begin that begin in what is shown */
export const beginnings = (marked) => marked.filter((group) => group.some(({finding, step}) => finding.first_step === step))
  .map((group) => ({step: group[0].step, state: worst(group)}));

/** @param {Json} card @param {import('./axis.js').StepAxis} axis @param {number} width pixels @returns {Marked[][]} what was found in the steps shown, in their order */
export function groups(card, axis, width) {
  const titles = new Map(card.rules.map((/** @type {Json} */ rule) => [rule.name, titleOf(rule)]));
  const marked = card.findings.filter((/** @type {Json} */ {first_step: first, last_step: last}) =>
    first !== null && first <= axis.last && (last ?? first) >= axis.first)
    .map((/** @type {Json} */ finding) => ({finding, title: titles.get(finding.rule) ?? finding.rule, step: Math.max(finding.first_step, axis.first)}))
    .sort((/** @type {Marked} */ a, /** @type {Marked} */ b) => a.step - b.step);
  /** @type {Marked[][]} */
  const found = [];
  for (const one of marked) {
    const group = found[found.length - 1];
    const near = group && axis.toPixel(one.step, width) - axis.toPixel(group[0].step, width) < APART;
    if (!near) found.push([one]);
    else if (!group.some(({finding}) => finding.rule === one.finding.rule)) group.push(one);
  }
  return found;
}
