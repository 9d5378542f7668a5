import { sharedMs } from './clock.ts';

/** What the simulated agents have seen of the controller. */
export interface Traffic {
  /** By kind, such as `GET /v1/state 304`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Of the bodies, both ways, by method and path, such as `GET /v1/state`. */
  readonly bytes: Readonly<Record<string, number>>;
  readonly connects: number;
  readonly handshakes: number;
  readonly open: number;
  /** The most in any second. */
  readonly peak: { readonly requests: number; readonly connects: number };
}

const SECOND_MS = 1_000;

/** Counts what comes in, from the last `reset`. */
export function countTraffic() {
  let requests = new Map<string, number>();
  let bytes = new Map<string, number>();
  let seconds = { requests: new Map<number, number>(), connects: new Map<number, number>() };
  let connects = 0;
  let handshakes = 0;
  let open = 0;

  const tick = (counts: Map<number, number>): void => {
    const second = Math.floor(sharedMs() / SECOND_MS);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  };
  return {
    request(call: string, status: number, bodyBytes: number): void {
      const kind = `${call} ${status}`;
      requests.set(kind, (requests.get(kind) ?? 0) + 1);
      bytes.set(call, (bytes.get(call) ?? 0) + bodyBytes);
      tick(seconds.requests);
    },
    connected(): void {
      connects += 1;
      open += 1;
      tick(seconds.connects);
    },
    disconnected(): void {
      open -= 1;
    },
    handshaken(): void {
      handshakes += 1;
    },
    reset(): void {
      requests = new Map();
      bytes = new Map();
      seconds = { requests: new Map(), connects: new Map() };
      connects = 0;
      handshakes = 0;
    },
    read: (): Traffic => ({
      requests: Object.fromEntries(requests),
      bytes: Object.fromEntries(bytes),
      connects,
      handshakes,
      open,
      peak: {
        requests: Math.max(0, ...seconds.requests.values()),
        connects: Math.max(0, ...seconds.connects.values()),
      },
    }),
  };
}
