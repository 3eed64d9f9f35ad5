const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 s ago", "in 4 min": the largest unit that is at least one. */
export function relativeTime(timeMs: number, nowMs: number): string {
  const distance = timeMs - nowMs;
  const size = Math.abs(distance);
  if (size < SECOND) return 'now';
  const text = duration(size);
  return distance > 0 ? `in ${text}` : `${text} ago`;
}

/** A length of time in its largest unit. */
export function duration(sizeMs: number): string {
  if (sizeMs < SECOND) return `${Math.round(sizeMs)} ms`;
  if (sizeMs < MINUTE) return `${Math.floor(sizeMs / SECOND)} s`;
  if (sizeMs < HOUR) return `${Math.floor(sizeMs / MINUTE)} min`;
  if (sizeMs < 2 * DAY) return `${Math.floor(sizeMs / HOUR)} h`;
  return `${Math.floor(sizeMs / DAY)} d`;
}

/** A countdown with two units: "1 h 04 min", "3 min 20 s". */
export function countdown(sizeMs: number): string {
  const seconds = Math.max(0, Math.ceil(sizeMs / SECOND));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${seconds} s`;
}

/** Date and time of day in the reader's zone, to the second. */
export function absoluteTime(timeMs: number): string {
  const at = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
