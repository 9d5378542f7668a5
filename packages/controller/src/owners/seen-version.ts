import { compareResourceVersions } from '@checkpoint-warden/kube';

/**
 * The latest resourceVersion of pods that this process has seen, over all its leaderships: what the API server says later must
 * not be older.
 */
export interface SeenVersion {
  readonly latest: string | undefined;
  /** Takes note of one; an earlier one changes nothing. */
  raise(version: string | undefined): void;
  /** It went back, and somebody was told: from here on this counts. */
  accept(version: string): void;
}

export function createSeenVersion(): SeenVersion {
  let latest: string | undefined;
  return {
    get latest() {
      return latest;
    },
    raise(version) {
      if (version !== undefined && (latest === undefined || isOlder(latest, version))) latest = version;
    },
    accept(version) {
      latest = version;
    },
  };
}

export function isOlder(version: string, than: string): boolean {
  return (compareResourceVersions(version, than) ?? 0) < 0;
}
