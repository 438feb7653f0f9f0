/** The range that a query is compared with, by the calendar: apart from the service. */
import { Temporal } from 'temporal-polyfill';

export interface Range {
  from: number;
  to: number;
}

const zoned = (instant: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);

/** A wall clock's instant: the first of two, and the first after what a clock change skips. */
export function instantOf(local: Temporal.PlainDateTime, zone: string): number {
  const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (earlier.toPlainDateTime().equals(local)) return earlier.epochMilliseconds;
  return (earlier.getTimeZoneTransition('next') as Temporal.ZonedDateTime).epochMilliseconds;
}

export function before({ from, to }: Range, zone: string, kind: string, isByWeek: boolean): Range {
  const [start, end] = [zoned(from, zone), zoned(to, zone)];
  const [a, b] = [start.toPlainDateTime(), end.toPlainDateTime()];
  if (kind === 'previous_year') {
    if (isByWeek)
      return { from: instantOf(a.subtract({ weeks: 52 }), zone), to: instantOf(b.subtract({ weeks: 52 }), zone) };
    const isLeapDay = b.month === 2 && b.day === 29;
    const last = isLeapDay ? b.add({ days: 1 }).subtract({ years: 1 }) : b.subtract({ years: 1 });
    return { from: instantOf(a.subtract({ years: 1 }), zone), to: instantOf(last, zone) };
  }
  const isDay = (time: Temporal.ZonedDateTime) => time.equals(time.startOfDay());
  if (isDay(start) && isDay(end)) {
    const months = (b.year - a.year) * 12 + b.month - a.month;
    const days = a.toPlainDate().until(b.toPlainDate()).days;
    const first = a.toPlainDate().subtract(a.day === 1 && b.day === 1 ? { months } : { days });
    return { from: first.toZonedDateTime(zone).epochMilliseconds, to: from };
  }
  return { from: instantOf(a.subtract(a.until(b)), zone), to: from };
}
