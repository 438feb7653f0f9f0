import { useState } from 'preact/hooks';

/** A button for what cannot be undone: it asks once more before it acts. */
export function Twice({ label, of, act }: { label: string; of: string; act: () => void }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <button
      type="button"
      class={isAsking ? 'sure' : undefined}
      aria-label={`${isAsking ? `Really ${label.toLowerCase()}` : label} ${of}`}
      onClick={() => (isAsking ? act() : setAsking(true))}
      onBlur={() => setAsking(false)}
    >
      {isAsking ? `Really ${label.toLowerCase()}?` : label}
    </button>
  );
}
