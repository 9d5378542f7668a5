export * from './testing/make-certificates.ts';
export { type ManualClock, manualClock } from './testing/manual-clock.ts';
