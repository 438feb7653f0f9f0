import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

interface Props {
  /** What is seen of it while it is closed, and how it is called. */
  face: string;
  label?: string;
  children: (close: () => void) => ComponentChildren;
}

/** A menu that opens below its face. Escape closes it, and so does leaving it. */
export function Menu({ face, label, children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => menu.current?.removeAttribute('open');
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    close();
    menu.current?.querySelector('summary')?.focus();
  };
  const onFocusOut = (event: FocusEvent) => {
    if (!menu.current?.contains(event.relatedTarget as Node | null)) close();
  };
  return (
    <details class="menu" ref={menu} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <summary aria-label={label}>{face}</summary>
      <div class="entries">{children(close)}</div>
    </details>
  );
}
