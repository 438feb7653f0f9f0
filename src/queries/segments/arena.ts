/**
 * Memory for the arrays of one segment, used again for the next: allocating and clearing them would take longer than the
 * sums. Arrays are not cleared, and are valid until `reset`.
 */
export class Arena {
  #buffer = new ArrayBuffer(1 << 20);
  #used = 0;
  #wanted = 0;

  reset(): void {
    if (this.#wanted > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(2 * this.#wanted);
    this.#used = 0;
    this.#wanted = 0;
  }

  integers(length: number): Int32Array {
    const at = this.#take(4 * length);
    return at < 0 ? new Int32Array(length) : new Int32Array(this.#buffer, at, length);
  }

  doubles(length: number): Float64Array {
    const at = this.#take(8 * length);
    return at < 0 ? new Float64Array(length) : new Float64Array(this.#buffer, at, length);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? new Uint8Array(length) : new Uint8Array(this.#buffer, at, length);
  }

  /** The place of so many bytes, -1 if there is no room. */
  #take(size: number): number {
    const rounded = (size + 7) & ~7;
    this.#wanted += rounded;
    const at = this.#used;
    if (at + rounded > this.#buffer.byteLength) return -1;
    this.#used = at + rounded;
    return at;
  }
}
