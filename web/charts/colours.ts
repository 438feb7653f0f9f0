/** The names of the colours that canvases take, as style.css has them. */
export type Colour = 'line' | 'muted' | 'text' | 'surface' | 'accent' | `c${0 | 1 | 2 | 3 | 4 | 5}`;

/**
 * A colour of the style sheet in the present scheme. A custom property reads as `light-dark(...)`, which a canvas does not
 * take; the computed colour of an element is resolved.
 */
export function colour(name: Colour): string {
  const probe = document.createElement('i');
  probe.className = `ink-${name}`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

/** The colour of the series at this place; those after the fifth share one. */
export const seriesColour = (n: number): Colour => `c${Math.min(n, 5) as 0 | 1 | 2 | 3 | 4 | 5}`;

/** Calls back when the scheme changes between light and dark; returns how to stop. */
export function onScheme(call: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', call);
  return () => query.removeEventListener('change', call);
}
