/** The most events in one batch. */
export const MAX_EVENTS = 10_000;

/** The most bytes in one batch, unpacked. */
export const MAX_BATCH_BYTES = 10 * 1024 * 1024;
