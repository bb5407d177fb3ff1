// @ts-check
/** Rows as a tree: by the parts of their paths, and by what the names of a model's blocks begin with. */

/**
 * A part of the model that several rows begin with, or one row. `key` is all that they begin with: nobody else's.
 * @typedef {{key: string, name: string, rows: number[], children: Node[]}} Node
 * A node as a line on the screen: `place` of `among` siblings; `open` is null where nothing can be opened.
 * @typedef {{key: string, name: string, rows: number[], depth: number, open: boolean | null, place: number, among: number}} Item
 */

/** "block2_" of "block2_conv", not the "conv2d_" of "conv2d_1". */
const NUMBERED = /(?<=\d[a-z]?_)(?<!(?:conv|pooling|dropout|padding|cropping|sampling|lstm)[123]d_)(?=[^/]*[a-z])/i;

/** @param {string} path @returns {string[]} "net/block1_conv/kernel" -> "net/", "block1_", "conv/", "kernel" */
const partsOf = (path) => path.split(/(?<=\/)(?=.)/s).flatMap((part) => part.split(NUMBERED));

/**
 * Returns the branches of a tree in the order of their first rows; what all rows begin with is left out.
 * @param {string[]} names @param {number[]} rows those shown, by their number
 */
export function treeOf(names, rows) {
  const root = branch();
  for (const row of rows) grow(root, partsOf(names[row]), row);
  const nodes = nodesOf(root, '');
  return nodes.length === 1 && nodes[0].children.length ? nodes[0].children : nodes;
}

/**
 * All rows that begin alike, and those whose name ends here.
 * @typedef {{rows: number[], ends: number[], branches: Map<string, Branch>}} Branch
 */

/** @returns {Branch} */
const branch = () => ({rows: [], ends: [], branches: new Map()});

/** @param {Branch} root @param {string[]} parts @param {number} row */
function grow(root, parts, row) {
  let at = root;
  at.rows.push(row);
  for (const part of parts) {
    const next = at.branches.get(part) ?? branch();
    at.branches.set(part, next);
    next.rows.push(row);
    at = next;
  }
  at.ends.push(row);
}

/** @param {Branch} parent @param {string} start @returns {Node[]} */
function nodesOf(parent, start) {
  return [...parent.branches].map(([part, below]) => {
    let name = part;
    while (below.branches.size === 1 && !below.ends.length) {
      const [[longer, next]] = below.branches;
      name += longer;
      below = next;
    }
    const key = start + name;
    const own = below.branches.size && below.ends.length ? [{key: `${key}\0`, name, rows: below.ends, children: []}] : [];
    return {key, name, rows: below.rows, children: [...own, ...nodesOf(below, key)]};
  });
}

/**
 * Returns the lines on the screen.
 * @param {Node[]} nodes @param {(key: string) => boolean} isOpen @param {number} [depth] @returns {Item[]}
 */
export function linesOf(nodes, isOpen, depth = 0) {
  return nodes.flatMap(({key, name, rows, children}, index) => {
    const open = children.length ? isOpen(key) : null;
    const item = {key, name, rows, depth, open, place: index + 1, among: nodes.length};
    return [item, ...(open ? linesOf(children, isOpen, depth + 1) : [])];
  });
}

/** @param {Node[]} nodes @param {number} most lines @returns {Set<string>} what is open at first: level by level, as long as all is seen */
export function openAtFirst(nodes, most) {
  /** @type {Set<string>} */
  const open = new Set();
  let count = nodes.length;
  for (let level = nodes; level.length;) {
    const next = level.flatMap((node) => node.children);
    count += next.length;
    if (count > most) break;
    for (const node of level) if (node.children.length) open.add(node.key);
    level = next;
  }
  return open;
}
