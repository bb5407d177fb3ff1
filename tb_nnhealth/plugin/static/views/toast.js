// @ts-check
/** A word on what was just done, for a moment. */

import {h} from '../dom.js';

export class Toast {
  constructor() {
    this.timer = 0;
    this.node = h('div.toast', {role: 'status', hidden: true});
  }

  /** @param {string} text @param {number} milliseconds */
  say(text, milliseconds) {
    this.node.textContent = text;
    this.node.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.node.hidden = true), milliseconds);
  }
}
