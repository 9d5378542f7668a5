import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Requests of one user, as the API server has logged them. */
export interface ApiTraffic {
  /** By verb and resource. */
  readonly requests: Readonly<Record<string, number>>;
  readonly count: number;
  /** The most in any second. */
  readonly peak: number;
}

/** Counts what one user asks of an API server, by its audit log. */
export interface Audit {
  /** For the kube-apiserver. */
  readonly flags: readonly string[];
  /** Where the log ends now. */
  mark(): number;
  /** What has come since. */
  since(mark: number): ApiTraffic;
}

export function auditUser(directory: string, user: string): Audit {
  const policyFile = join(directory, 'audit-policy.json');
  const logFile = join(directory, 'audit.log');
  writeFileSync(
    policyFile,
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      rules: [
        { level: 'Metadata', users: [user], omitStages: ['RequestReceived', 'Panic'] },
        { level: 'None' },
      ],
    }),
  );
  writeFileSync(logFile, '');
  return {
    flags: [`--audit-policy-file=${policyFile}`, `--audit-log-path=${logFile}`],
    mark: () => statSync(logFile).size,
    since(mark) {
      const lines = readFileSync(logFile).subarray(mark).toString('utf8').split('\n').filter(Boolean);
      const requests: Record<string, number> = {};
      const seconds = new Map<string, number>();
      for (const line of lines) {
        const { verb, stage, objectRef = {}, requestReceivedTimestamp } = JSON.parse(line);
        if (verb === 'watch' && stage === 'ResponseComplete') continue; // it was counted when it began
        const subresource = objectRef.subresource === undefined ? '' : `/${objectRef.subresource}`;
        const kind = `${verb} ${objectRef.resource}${subresource}`;
        requests[kind] = (requests[kind] ?? 0) + 1;
        const second = String(requestReceivedTimestamp).slice(0, 19);
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
      }
      const count = Object.values(requests).reduce((sum, each) => sum + each, 0);
      return { requests, count, peak: Math.max(0, ...seconds.values()) };
    },
  };
}
