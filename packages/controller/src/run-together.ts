import type { Component } from '@checkpoint-warden/kit';

/**
 * Runs components until `signal` is aborted or one of them ends, which stops the others. Resolves when all have drained.
 *
 * @throws what the first one failed with
 */
export async function runTogether(components: readonly Component[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  await Promise.all(
    components.map((component) =>
      component
        .run(either)
        .catch((error: unknown) => failures.push(error))
        .finally(() => stop.abort()),
    ),
  );
  if (failures.length > 0) throw failures[0];
}
