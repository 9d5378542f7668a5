import { makeSandbox, policyOf, startAgent } from '@checkpoint-warden/agent/testing';
import { createControllerMetrics } from '@checkpoint-warden/controller/testing';
import {
  Registry,
  registerBuildInfo,
  registerCertificateExpiry,
  registerProcessMetrics,
  systemClock,
} from '@checkpoint-warden/kit';

/** A metric that an agent or a controller has. */
export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** All metrics of both programs, from the registries that they are served from. */
export async function collectMetricFamilies(): Promise<ReadonlyMap<string, MetricFamily>> {
  const sandbox = makeSandbox();
  const agent = await startAgent(sandbox, { policy: policyOf('globalPolicy: {maxCheckpointAge: 1d}') });
  const controller = new Registry();
  createControllerMetrics(controller, systemClock);
  const both = new Registry();
  registerBuildInfo(both, '0.0.0');
  registerCertificateExpiry(both, () => 0);
  const stopProbe = registerProcessMetrics(both);
  try {
    return new Map([agent.registry, controller, both].flatMap(familiesOf));
  } finally {
    stopProbe();
    await agent.stop();
    sandbox.remove();
  }
}

function familiesOf(registry: Registry): [string, MetricFamily][] {
  return registry.getMetricsAsArray().map(({ name, type, ...metric }) => {
    // prom-client has them, and not in its types.
    const { labelNames } = metric as { readonly labelNames?: readonly string[] };
    if (labelNames === undefined) throw new Error(`prom-client does not tell the labels of ${name} any more`);
    return [name, { name, type: String(type), labels: labelNames }];
  });
}
