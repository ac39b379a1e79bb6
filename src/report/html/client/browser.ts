/**
 * The little of a browser that the page's script uses. TypeScript's own `dom` library would make
 * `window` and `document` known to all of the program, which runs in Node.
 */
export interface PageElement {
  readonly clientWidth: number;
  readonly textContent: string;
  replaceChildren(): void;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

export interface PageWindow {
  readonly document: {
    readonly documentElement: PageElement;
    getElementById(id: string): PageElement | null;
  };
  readonly devicePixelRatio: number;
  readonly ResizeObserver: new (callback: () => void) => { observe(element: PageElement): void };
  addEventListener(type: string, listener: () => void): void;
  matchMedia(query: string): { addEventListener(type: 'change', listener: () => void): void };
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
  requestAnimationFrame(callback: () => void): number;
}

/** The colours of the page's style, by the name of the custom property without its dashes. */
export type Colours = (name: string) => string;
