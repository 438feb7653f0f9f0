interface Props {
  label: string;
  value: string;
  options: string[];
  /** What stands for no choice; without it one must be made. */
  none?: string;
  /** Says an option in words. */
  name?: (option: string) => string;
  set: (value: string) => void;
}

/** A choice among options, with its label. A value that is no option (yet) is one too: an address may name it. */
export function Choice({ label, value, options, none, name = (option) => option, set }: Props) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        {none !== undefined && <option value="">{none}</option>}
        {all.map((option) => (
          <option key={option} value={option}>
            {name(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
