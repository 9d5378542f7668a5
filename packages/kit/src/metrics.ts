import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';

export { Registry } from 'prom-client';

/** How often the event loop is probed. Each probe wakes the process, and an idle agent is to stay idle. */
const LOOP_PROBE_MS = 100;

/**
 * Registers the few metrics every process has, under the names other exporters use. prom-client's own set has about fifty
 * series, nearly all that an agent may have in total.
 *
 * @returns stops the probe of the event loop
 */
export function registerProcessMetrics(registry: Registry): () => void {
  const registers = [registry];
  const startSeconds = (Date.now() - performance.now()) / 1_000;
  let cpuBefore = 0;
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time spent, user and system, in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      const cpu = (user + system) / 1e6;
      this.inc(cpu - cpuBefore);
      cpuBefore = cpu;
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process, Unix time in seconds.',
    registers,
  }).set(startSeconds);
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors.',
    registers,
    collect() {
      this.set(readdirSync('/proc/self/fd').length);
    },
  });
  const loop = probeEventLoop();
  new Gauge({
    name: 'nodejs_eventloop_lag_max_seconds',
    help: 'The longest time the event loop was held up since the last scrape, in seconds.',
    registers,
    collect() {
      this.set(loop.takeMaxLagMs() / 1_000);
    },
  });
  return loop.stop;
}

/**
 * Notes by how much a timer is late. Not Node's `monitorEventLoopDelay`, whose `reset()` also loses what happens until its
 * next probe (seen with 24.21), which is where a scrape that holds up the loop would show.
 */
function probeEventLoop(): { takeMaxLagMs(): number; stop(): void } {
  let maxLagMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    maxLagMs = Math.max(maxLagMs, nowMs - lastMs - LOOP_PROBE_MS);
    lastMs = nowMs;
  }, LOOP_PROBE_MS).unref();
  return {
    takeMaxLagMs() {
      const taken = maxLagMs;
      maxLagMs = 0;
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}

/** Registers `checkpoint_warden_build_info`, which is always 1 and tells what runs in its labels. */
export function registerBuildInfo(registry: Registry, version: string): void {
  new Gauge({
    name: 'checkpoint_warden_build_info',
    help: 'What runs: always 1.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }).set({ version, node_version: process.versions.node }, 1);
}

/** Registers `checkpoint_warden_certificate_expiry_timestamp_seconds`, looked up at each scrape. */
export function registerCertificateExpiry(registry: Registry, expiresAtMs: () => number): void {
  new Gauge({
    name: 'checkpoint_warden_certificate_expiry_timestamp_seconds',
    help: 'When the TLS certificate in use expires.',
    registers: [registry],
    collect() {
      this.set(expiresAtMs() / 1000);
    },
  });
}
