import { formatDuration } from '@checkpoint-warden/policy';

/** A time span for people, in its two largest units: `3d4h`, `12m5s`. Negative where it lies in the future. */
export function formatAge(ms: number): string {
  const [short = '0s'] = /^-?(?:\d+[a-z]){1,2}/.exec(formatDuration(ms)) ?? [];
  return short;
}
