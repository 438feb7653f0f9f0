/** Room for so many bytes is kept for each connection. A read takes up to half of it. */
const ROOM = 128 * 1024;
/** More than this, which a long message has needed, is given back. */
const MOST = 1024 * 1024;

/**
 * Bytes that have arrived on a connection, of which those from `begin` to `end` are not handled yet. Their room is used
 * again, so whatever outlives the handling of a message must be a copy.
 */
export class Incoming {
  bytes = Buffer.alloc(0);
  begin = 0;
  end = 0;

  /** Free room for the next bytes, at least so many. Bytes that are written there count once `end` is moved. */
  room(least = ROOM / 2) {
    const pending = this.end - this.begin;
    const needed = pending + least;
    const isTooLong = this.bytes.length > MOST && needed <= ROOM;
    if (this.end + least > this.bytes.length || isTooLong) {
      const isEnough = needed <= this.bytes.length && !isTooLong;
      const bytes = isEnough ? this.bytes : Buffer.allocUnsafeSlow(Math.max(ROOM, 2 * needed));
      this.bytes.copy(bytes, 0, this.begin, this.end);
      this.bytes = bytes;
      [this.begin, this.end] = [0, pending];
    }
    return this.bytes.subarray(this.end);
  }

  /** The next message, if all of it has arrived: a letter, and a length that counts itself. Else null. */
  next() {
    const pending = this.end - this.begin;
    const length = pending > 4 ? this.bytes.readUInt32BE(this.begin + 1) + 1 : Number.POSITIVE_INFINITY;
    if (length > pending) return null;
    const message = this.bytes.subarray(this.begin, this.begin + length);
    this.begin += length;
    if (this.begin === this.end) this.begin = this.end = 0;
    return message;
  }
}
