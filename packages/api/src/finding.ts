import type { Problem } from '@checkpoint-warden/errors';

/** Where something is inside an input: object keys and list indices from the outside in. */
export type Path = readonly (string | number)[];

/** A {@link Problem} whose place is still known exactly, so that it can be found in a file. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly remedy?: string;
  /** The value found; `undefined`: nothing is there. */
  readonly found?: unknown;
}

const LONGEST_FOUND = 120;

/** Writes a path for people: `spec.podPolicies[0].pod`, `spec.nodeSelector["kubernetes.io/arch"]`. */
function formatPath(path: Path): string {
  const text = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[A-Za-z_][\w-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return text.join('').replace(/^\./, '');
}

/** The value as JSON, cut to what fits a message. */
export function showValue(value: unknown): string {
  const json =
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part)) ?? String(value);
  return json.length > LONGEST_FOUND ? `${json.slice(0, LONGEST_FOUND)}…` : json;
}

export function toProblem(finding: Finding): Problem {
  return {
    path: formatPath(finding.path),
    message: finding.message,
    ...(finding.found === undefined ? {} : { found: showValue(finding.found) }),
    ...(finding.remedy === undefined ? {} : { remedy: finding.remedy }),
  };
}
