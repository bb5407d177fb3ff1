// @ts-check
/** The findings on the steps' axis: a flag where each begins, those that begin together under one. */

import {h, icon} from '../dom.js';
import {plural, sentence, steps as stepsText} from '../format.js';
import {SEVERITIES} from './verdict.js';

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{finding: Json, title: string}} Marked
 */

/** Pixels between two flags, so that both can be hit. */
const APART = 26;

/**
 * @param {Json} card @param {import('./axis.js').StepAxis} axis @param {number} width pixels
 * @param {(finding: Json) => void} open @param {(finding: Json | null) => void} point shows the steps of a finding
 */
export function flags(card, axis, width, open, point) {
  return h('div.flags', {role: 'group', 'aria-label': 'Findings on the steps'}, groups(card, axis, width).map((group) => {
    const [{finding}] = group;
    const state = SEVERITIES.find((severity) => group.some((marked) => marked.finding.severity === severity)) ?? 'info';
    const told = group.map(({title}) => sentence(title)).join(' ');
    return h('button.flag', {
      type: 'button', 'data-state': state, 'data-key': `flag:${finding.rule}`,
      style: `left: ${(100 * axis.toPixel(finding.first_step, 1)).toFixed(3)}%`,
      'aria-label': `${plural(group.length, 'finding')} from step ${finding.first_step}: ${told}`,
      title: `${stepsText(finding.first_step, finding.last_step)}: ${told}`,
      onclick: () => open(finding), onpointerenter: () => point(finding), onpointerleave: () => point(null),
      onfocus: () => point(finding), onblur: () => point(null),
    }, icon(state), group.length > 1 ? String(group.length) : null);
  }));
}

/** @param {Json} card @param {import('./axis.js').StepAxis} axis @param {number} width @returns {Marked[][]} in the order of steps */
function groups(card, axis, width) {
  const titles = new Map(card.rules.map((/** @type {Json} */ rule) => [rule.name, rule.title]));
  const marked = card.findings.filter((/** @type {Json} */ finding) => finding.first_step !== null)
    .map((/** @type {Json} */ finding) => ({finding, title: titles.get(finding.rule) ?? finding.rule}))
    .sort((/** @type {Marked} */ a, /** @type {Marked} */ b) => a.finding.first_step - b.finding.first_step);
  /** @type {Marked[][]} */
  const found = [];
  for (const one of marked) {
    const group = found[found.length - 1];
    const near = group && axis.toPixel(one.finding.first_step, width) - axis.toPixel(group[0].finding.first_step, width) < APART;
    if (!near) found.push([one]);
    else if (!group.some(({finding}) => finding.rule === one.finding.rule)) group.push(one);
  }
  return found;
}
