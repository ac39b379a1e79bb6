/**
 * The part of a browser's API that the script uses. TypeScript's own `dom` library would declare
 * `window` and `document` for the whole program, which runs in Node.
 */
export interface PageElement {
  readonly clientWidth: number;
  readonly offsetWidth: number;
  readonly style: Record<string, string>;
  textContent: string;
  className: string;
  hidden: boolean;
  append(...children: PageElement[]): void;
  replaceChildren(...children: PageElement[]): void;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  getBoundingClientRect(): { readonly left: number };
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
}

/** Of a key, or of a pointer. */
interface PageEvent {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly pointerType: string;
  readonly clientX: number;
  preventDefault(): void;
}

export interface PageDocument {
  readonly documentElement: PageElement;
  getElementById(id: string): PageElement | null;
  createElement(name: string): PageElement;
}

export interface PageWindow {
  readonly document: PageDocument;
  readonly devicePixelRatio: number;
  readonly ResizeObserver: new (callback: () => void) => { observe(element: PageElement): void };
  addEventListener(type: string, listener: () => void): void;
  matchMedia(query: string): { addEventListener(type: 'change', listener: () => void): void };
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
  requestAnimationFrame(callback: () => void): number;
}
