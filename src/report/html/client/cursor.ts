import type Plotted from 'uplot';
import type { MarkName, Marks, PageData, Plot } from '../plot-data.js';
import type { PageDocument, PageElement } from './dom.js';
import type { Tools } from './tools.js';

/**
 * Shows the values at the cursor beside it. The cursor follows a mouse, a finger, and the arrow keys: the plot is a
 * slider over its points, so that a screen reader says the values too.
 */
export function followCursor(
  document: PageDocument,
  element: PageElement,
  plot: Plotted,
  { x, unit, tables, lanes }: Plot,
  { marks, texts }: PageData,
  { formats, colours, uPlot }: Tools,
): void {
  const overTime = x === 'time';
  const curves = tables.flatMap((table) => table.curves);
  const [xs] = plot.data;
  const over: PageElement = plot.over;
  const root: PageElement = plot.root;
  const box = document.createElement('div');
  box.className = 'values';
  box.hidden = true;
  over.append(box);

  const placeText = (at: number) =>
    overTime
      ? formats.clock(at)
      : `${formats.percentile(at)} · ${texts.oneIn.replace('{n}', formats.number(at))}`;
  /** The hazards of the time that a point covers. */
  const hazardsAt = (index: number): string[] => {
    const after = xs[index - 1] ?? 0;
    const until = xs[index] ?? 0;
    return marks.hazards.flatMap(({ name, spans }) =>
      spans
        .filter(({ from, to }) => from <= until && to > after)
        .map(({ text }) => `${name}: ${text}`),
    );
  };
  /** Names of the marks, the stage, and the hazards, at a point. */
  const marksAt = (index: number): string[] => {
    const at = xs[index] ?? 0;
    const spans = (['paused', 'outages', 'gaps'] as const).filter((name) =>
      marks[name].some(([from, to]) => at > from && at <= to),
    );
    const moments = (['reconnects', 'rejections', 'failures'] as const).filter((name) =>
      marks[name].some((moment) => Math.abs(moment - at) < 0.5),
    );
    const stage = marks.stages.findLast((each: Marks['stages'][number]) => each.at < at);
    const names: MarkName[] = [...spans, ...moments];
    return [
      ...(stage === undefined ? [] : [stage.label]),
      ...names.map((name) => texts.marks[name]),
      ...hazardsAt(index),
    ];
  };
  const valuesAt = (index: number) =>
    curves.flatMap(({ label, colour, line }, position) => {
      const value = plot.data[position + 1]?.[index];
      if (typeof value !== 'number') return [];
      return [{ label, colour, line, value: formats.unit(unit, value) }];
    });

  const piece = (name: string, className: string, text: string) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };
  let isActive = false;
  const show = () => {
    const { idx, left = -1 } = plot.cursor;
    // The legend shows values only where there is a cursor.
    if (left < 0) root.removeAttribute('data-cursor');
    else root.setAttribute('data-cursor', '');
    box.hidden = !isActive || idx === null || idx === undefined || left < 0;
    if (box.hidden || idx === null || idx === undefined) return;
    const at = xs[idx] ?? 0;
    const rows = valuesAt(idx).map(({ label, colour, line, value }) => {
      const row = piece('div', 'row', '');
      const swatch = piece('span', line === 'dashed' ? 'swatch dashed' : 'swatch', '');
      swatch.style.borderColor = colours(`curve-${colour}`);
      row.append(swatch, piece('span', 'label', label), piece('span', 'value', value));
      return row;
    });
    const notes = overTime ? marksAt(idx) : [];
    box.replaceChildren(
      piece('div', 'at', placeText(at)),
      ...rows,
      ...notes.map((note) => piece('div', 'note', note)),
    );
    // Beside the cursor, on the side that has room; on a narrow screen over it.
    const most = over.clientWidth - box.offsetWidth;
    const right = left + 14;
    const before = left - 14 - box.offsetWidth;
    box.style.left = `${right <= most ? right : before >= 0 ? before : Math.max(0, most)}px`;
  };
  plot.hooks.setCursor ??= [];
  plot.hooks.setCursor.push(show);
  const activate = (active: boolean) => {
    isActive = active;
    show();
  };

  /** Moves the cursor of this plot, and of those that share it. */
  const moveTo = (left: number) => {
    isActive = true;
    // Not in the typings: the third argument moves the other plots' cursors too.
    (
      plot.setCursor as (at: { left: number; top: number }, fires: boolean, shares: boolean) => void
    )({ left, top: 10 }, true, true);
  };
  over.addEventListener('pointerenter', () => activate(true));
  over.addEventListener('pointerleave', ({ pointerType }) => {
    // A finger that is lifted leaves the values to be read.
    if (pointerType === 'mouse') activate(false);
  });
  const follow = ({ pointerType, clientX }: { pointerType: string; clientX: number }) => {
    if (pointerType !== 'mouse') moveTo(clientX - over.getBoundingClientRect().left);
  };
  over.addEventListener('pointerdown', follow);
  over.addEventListener('pointermove', follow);

  // The slider takes the text alternative over from the element, which is drawn into again and again.
  const label = element.getAttribute('data-label') ?? element.getAttribute('aria-label') ?? '';
  element.setAttribute('data-label', label);
  element.removeAttribute('role');
  element.removeAttribute('aria-label');
  root.setAttribute('role', 'slider');
  root.setAttribute('tabindex', '0');
  root.setAttribute('aria-label', label);
  root.setAttribute('aria-valuemin', String(xs[0] ?? 0));
  root.setAttribute('aria-valuemax', String(xs.at(-1) ?? 0));
  root.setAttribute('aria-valuenow', String(xs[0] ?? 0));
  root.addEventListener('blur', () => activate(false));
  root.addEventListener('keydown', (event) => {
    const far = event.shiftKey ? 10 : 1;
    const steps: Record<string, number> = {
      ArrowRight: far,
      ArrowLeft: -far,
      PageDown: 10,
      PageUp: -10,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    };
    const { min = null, max = null } = plot.scales.x ?? {};
    if (event.key === 'Escape') {
      // The whole run again, without a cursor.
      moveTo(-10);
      activate(false);
      for (const each of overTime ? uPlot.sync('time').plots : []) {
        const [all] = each.data;
        each.setScale('x', { min: all[0] ?? 0, max: all.at(-1) ?? 0 });
      }
      return;
    }
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    // Only points that the zoomed plot shows, and only those with a value.
    const places = [...xs.keys()].filter((index) => {
      const at = xs[index] ?? 0;
      const inside = (min === null || at >= min) && (max === null || at <= max);
      const shows = lanes === undefined ? valuesAt(index) : hazardsAt(index);
      return inside && shows.length > 0;
    });
    const now = plot.cursor.idx;
    const found = now === null || now === undefined ? -1 : places.findIndex((at) => at >= now);
    const start = found >= 0 ? found + step : step > 0 ? step - 1 : places.length + step;
    const next = places[Math.min(places.length - 1, Math.max(0, start))];
    if (next === undefined) return;
    const at = xs[next] ?? 0;
    moveTo(plot.valToPos(at, 'x'));
    const values = valuesAt(next).map(({ label: name, value }) => `${name} ${value}`);
    root.setAttribute('aria-valuenow', String(at));
    root.setAttribute(
      'aria-valuetext',
      [placeText(at), ...values, ...(overTime ? marksAt(next) : [])].join(', '),
    );
  });
}
