import type { ComponentChildren } from 'preact';

/** What scrolls sideways on a narrow screen, and has no link in it by which the keyboard would come there. */
export function Scroller({
  label,
  isTall,
  children,
}: {
  label: string;
  isTall?: boolean;
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
    <div class={`scroller ${isTall ? 'tall' : ''}`} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
