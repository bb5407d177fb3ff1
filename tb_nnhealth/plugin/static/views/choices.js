// @ts-check
/** One of a few, each a button. */

import {h} from '../dom.js';

/** How the steps stand on the axis that all views share. */
export const SPACINGS = [{name: 'linear', title: 'Linear'}, {name: 'log', title: 'Log'}];

export class Choices {
  /** @param {string} label @param {{name: string, title: string}[]} choices @param {(name: string) => void} choose */
  constructor(label, choices, choose) {
    this.buttons = choices.map(({name, title}) =>
      h('button', {type: 'button', 'data-name': name, onclick: () => choose(name)}, title));
    this.node = h('div.labelled', {}, h('span.dim', {'aria-hidden': 'true'}, label),
      h('div.choices', {role: 'group', 'aria-label': label}, this.buttons));
  }

  /** @param {string} name of the one that holds */
  update(name) {
    for (const button of this.buttons) button.setAttribute('aria-pressed', String(button.dataset.name === name));
  }
}
