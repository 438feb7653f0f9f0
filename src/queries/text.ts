/** Text that PostgreSQL can keep: no U+0000, no lone surrogate. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
