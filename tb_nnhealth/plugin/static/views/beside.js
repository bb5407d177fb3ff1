// @ts-check
/** Keeps the timeline beside long findings: as the page scrolls, it moves through the window from one of its ends to the other. */

/** Pixels that stay free above what is brought into view, for the bar, and below it. */
const [BELOW_BAR, MARGIN] = [64, 16];

export class Beside {
  /** @param {HTMLElement} node what is kept @param {HTMLElement} columns it, and what it stands beside */
  constructor(node, columns) {
    this.node = node;
    this.columns = columns;
    /** Where its top comes to rest, in pixels of the window. */
    this.top = BELOW_BAR;
    this.scrolled = window.scrollY;
    window.addEventListener('scroll', () => this.follow(), {passive: true});
  }

  /** Moves with the page, as far as one of its ends stays in the window. */
  follow() {
    this.rest(this.top + this.scrolled - window.scrollY);
  }

  /** @param {number} top */
  rest(top) {
    const least = window.innerHeight - this.node.offsetHeight - MARGIN;
    this.scrolled = window.scrollY;
    this.top = Math.min(BELOW_BAR, Math.max(least, top));
    this.node.style.top = `${this.top}px`;
  }

  /** Brings a part of it into the window, and leaves the page where it is. @param {HTMLElement} part */
  show(part) {
    this.columns.style.minHeight = '';
    this.rest(this.top);
    if (isSeen(part) || getComputedStyle(this.node).position !== 'sticky') return;
    const host = this.node.getBoundingClientRect();
    this.rest(BELOW_BAR + host.top - part.getBoundingClientRect().top);
    const lacking = this.top + host.height - this.columns.getBoundingClientRect().bottom;
    if (lacking > 0) this.columns.style.minHeight = `${this.columns.offsetHeight + lacking}px`;
  }
}

/** @param {HTMLElement} part @returns {boolean} whether all of it is in the window, below the bar */
export function isSeen(part) {
  const {top, bottom} = part.getBoundingClientRect();
  return top >= BELOW_BAR && bottom <= window.innerHeight - MARGIN;
}
