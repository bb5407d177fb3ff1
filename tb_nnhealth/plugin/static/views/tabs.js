// @ts-check
/** A row of tabs: the arrow keys walk through them. */

import {h} from '../dom.js';

/** @typedef {{name: string, title: string}} Tab */

export class Tabs {
  /** @param {string} label @param {Tab[]} tabs @param {string} panel the id of what they change @param {(name: string) => void} choose */
  constructor(label, tabs, panel, choose) {
    this.buttons = tabs.map(({name, title}) => h('button.tab', {
      type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': panel, 'data-name': name, onclick: () => choose(name),
    }, title));
    this.node = h('div.tabs', {
      role: 'tablist', 'aria-label': label, onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    }, this.buttons);
  }

  /** @param {string} name of the tab that is shown @param {string[]} [empty] of those that have nothing to show: they are hidden, unless they are chosen */
  update(name, empty = []) {
    for (const button of this.buttons) {
      const chosen = button.dataset.name === name;
      button.hidden = empty.includes(button.dataset.name) && !chosen;
      button.setAttribute('aria-selected', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const buttons = this.buttons.filter((/** @type {HTMLElement} */ button) => !button.hidden);
    const at = buttons.indexOf(document.activeElement);
    const last = buttons.length - 1;
    const next = {ArrowLeft: at > 0 ? at - 1 : last, ArrowRight: at < last ? at + 1 : 0, Home: 0, End: last}[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    buttons[next].focus();
    buttons[next].click();
  }
}
