import Type from 'typebox';

/** The header in which every answer of `GET /v1/state` names its moment. Not part of the ETag. */
export const MOMENT_HEADER = 'checkpoint-warden-moment';

/** How long facts about owners are acted on, from the moment that they are as of, in ms (docs/explanation/retention.md, 5). */
export const OWNER_FACTS_FRESH_MS = 30_000;

/**
 * A moment in the life of one agent, by that agent's own monotonic clock. A controller takes one from an answer, *then* asks
 * the API server, and sends both: what it says was true at that moment or later, however long the message is under way.
 * No clock is compared with another one.
 */
export interface Moment {
  /** Of this start of the agent; another start has another one, and the moments of both have nothing to do with each other. */
  readonly instance: string;
  /** Monotonic milliseconds of the agent. */
  readonly monotonicMs: number;
}

const FORM = /^([0-9A-Za-z.-]{1,64})\/(0|[1-9][0-9]{0,15})$/;

/** A {@link Moment} in a message. */
export function momentText(description: string) {
  return Type.String({
    description,
    pattern: FORM.source,
    examples: ['4f7c2a51-8c3e-4a4c-9d11-0c8d1f0d2b7e/86400000'],
    'x-form': 'a moment that the agent has given',
  });
}

/**
 * @param moment - its time is rounded down: a fact never counts as younger than it is
 * @example formatMoment({ instance: 'a1', monotonicMs: 1500.7 }) // 'a1/1500'
 */
export function formatMoment({ instance, monotonicMs }: Moment): string {
  return `${instance}/${Math.floor(monotonicMs)}`;
}

/** @returns `undefined` for a text of another form */
export function parseMoment(text: string): Moment | undefined {
  const [, instance, monotonicMs] = FORM.exec(text) ?? [];
  return instance === undefined ? undefined : { instance, monotonicMs: Number(monotonicMs) };
}
