/** The part of uPlot that the page uses; the vendored file itself carries no types. */
export default class uPlot {
  /** Series over different steps on one axis: undefined where one has no point. */
  static join(tables: (number | null)[][][]): (number | null)[][];
  constructor(options: object, data: (number | null)[][], host: HTMLElement);
  readonly data: (number | null)[][];
  readonly width: number;
  readonly over: HTMLElement;
  readonly cursor: {left: number; idx: number | null | undefined; event: Event | null};
  readonly ctx: CanvasRenderingContext2D;
  readonly bbox: {left: number; top: number; width: number; height: number};
  readonly select: {left: number; width: number};
  setData(data: (number | null)[][]): void;
  setSize(size: {width: number; height: number}): void;
  setCursor(cursor: {left: number; top: number}, fireHook?: boolean): void;
  setSelect(select: {left: number; top: number; width: number; height: number}, fireHook?: boolean): void;
  posToVal(pixel: number, scale: string): number;
  valToPos(value: number, scale: string, inCanvas?: boolean): number;
  destroy(): void;
}
