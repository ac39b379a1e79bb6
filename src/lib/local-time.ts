/**
 * `2026-11-29 15:12:04`: a moment in the time zone of this machine. `moment`: milliseconds since 1970, or a Date. The
 * calendar has UTC.
 */
export function localTime(moment: number | Date): string {
  const time = new Date(moment);
  const two = (part: number) => String(part).padStart(2, '0');
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(two).join('-');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${date} ${clock}`;
}
