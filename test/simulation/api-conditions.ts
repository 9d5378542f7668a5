import type { SeededRandom } from '@checkpoint-warden/agent/testing';
import { type KubeApi, KubeError, PODS, resourceName } from '@checkpoint-warden/kube';
import type { KubeCall, KubeFault, MemoryApiServer } from '@checkpoint-warden/kube/testing';

/** How it goes with the API server for one controller. */
export interface ApiConditions {
  /** Nothing arrives, nothing is refused. */
  cut: boolean;
  /** Refuses connections. */
  down: boolean;
  /** Of calls that meet some fault, in [0, 1]. */
  flaky: number;
  /** How late each event of a new watch is. */
  lagMs: number;
  /** Plural of a resource that may not be listed. */
  forbidden: string;
  /** What lists are answered with, in place of the truth; an older state, or no pods. */
  lists: 'true' | 'old' | 'no-pods';
}

export const FINE: ApiConditions = {
  cut: false,
  down: false,
  flaky: 0,
  lagMs: 0,
  forbidden: '',
  lists: 'true',
};

export interface ConditionedApi {
  readonly api: KubeApi;
  /** Whether the last call met a fault. */
  readonly isImpaired: () => boolean;
}

export interface ConditionedApiPorts {
  readonly server: MemoryApiServer;
  /** Answers as the server did some time ago. */
  readonly old: KubeApi;
  readonly conditions: ApiConditions;
  readonly random: SeededRandom;
  readonly onCall: (call: KubeCall, fault: string | undefined) => void;
}

/** The API server as one controller reaches it. */
export function conditionedApi({
  server,
  old,
  conditions,
  random,
  onCall,
}: ConditionedApiPorts): ConditionedApi {
  let impaired = false;
  const client = server.client((call) => {
    const [name, fault] = faultOf(call, conditions, random);
    impaired = fault !== 'ok';
    onCall(call, name);
    return fault;
  });
  const lists: KubeApi['list'] = async (resource, query, signal) => {
    const page = await client.list(resource, query, signal);
    if (conditions.lists === 'true' || query.limit === 1) return page;
    if (conditions.lists === 'no-pods') {
      if (resource.plural !== PODS.plural) return page;
      onCall({ verb: 'list', resource }, 'empty list');
      return { items: [], resourceVersion: page.resourceVersion };
    }
    onCall({ verb: 'list', resource }, 'old list');
    return old.list(resource, query, signal);
  };
  return { api: { ...client, list: lists, watch: client.watch }, isImpaired: () => impaired };
}

type Named = readonly [name: string | undefined, fault: KubeFault];

function faultOf(call: KubeCall, conditions: ApiConditions, random: SeededRandom): Named {
  if (conditions.cut) return ['cut off', 'hang'];
  if (conditions.down) return ['down', { error: errorOf(call, 0, '', 'connection refused') }];
  if (call.verb === 'list' && call.resource.plural === conditions.forbidden)
    return ['403', { error: errorOf(call, 403, 'Forbidden', 'not allowed') }];
  if (conditions.flaky > 0 && random.next() < conditions.flaky) return random.pick(FAULTS)(call, random);
  if (call.verb === 'watch' && conditions.lagMs > 0) return ['late events', { delayMs: conditions.lagMs }];
  return [undefined, 'ok'];
}

const FAULTS: readonly ((call: KubeCall, random: SeededRandom) => Named)[] = [
  (call) => ['403', { error: errorOf(call, 403, 'Forbidden', 'not allowed') }],
  (call) => ['404 of a proxy', { error: errorOf(call, 404, '', '404 page not found') }],
  (call) => ['429', { error: errorOf(call, 429, 'TooManyRequests', 'slow down', 3_000) }],
  (call) => ['500', { error: errorOf(call, 500, 'InternalError', 'etcdserver: request timed out') }],
  (call) => ['answer lost', { error: errorOf(call, 0, '', 'socket hang up'), afterEffect: true }],
  () => ['timeout', 'hang'],
  (call, random) =>
    call.verb === 'watch' ? ['late events', { delayMs: 1 + random.below(5_000) }] : late(random, false),
  (call, random) => (call.verb === 'watch' ? ['timeout', 'hang'] : late(random, true)),
];

function late(random: SeededRandom, isAnswer: boolean): Named {
  const delayMs = random.pick([20, 300, 4_000, 12_000, 40_000]);
  return isAnswer ? ['late answer', { delayMs, afterEffect: true }] : ['late call', { delayMs }];
}

function errorOf(
  { verb, resource }: KubeCall,
  status: number,
  reason: string,
  message: string,
  retryAfterMs?: number,
): KubeError {
  const name = resourceName(resource);
  return new KubeError({
    verb,
    resource: name,
    status,
    reason,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
