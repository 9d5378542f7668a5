/**
 * A part of the program that runs until it is told to stop.
 *
 * `run` resolves once the part has drained after `signal` was aborted, and rejects only with what the program cannot go on
 * from. A part that returns before it was told to has failed as well.
 */
export interface Component {
  run(signal: AbortSignal): Promise<void>;
}
