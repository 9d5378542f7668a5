import { API_VERSION, KIND } from '@checkpoint-warden/api';
import type { EventRecord } from '@checkpoint-warden/kube';
import type { ObjectReport } from '../policies/resolve-policies.ts';
import type { PolicyEvent } from './agent-events.ts';
import { reportEvents } from './report-events.ts';

export interface PolicyEvents {
  /** Of what happened on a node. */
  happened(events: readonly PolicyEvent[]): void;
  /** Of what is wrong with policies: each thing once, until it is put right. */
  reports(reports: readonly ObjectReport[]): void;
}

/**
 * Gives Events the objects that they are about. One of a policy that is not there any more is dropped: there is nothing left
 * to look at it with.
 *
 * @param uidOf - of a policy object, by name
 */
export function createPolicyEvents(
  uidOf: (policy: string) => string | undefined,
  record: (event: EventRecord) => void,
): PolicyEvents {
  let said: ReadonlySet<string> = new Set();

  const send = ({ policy, node, ...event }: PolicyEvent): void => {
    const uid = uidOf(policy);
    if (uid === undefined) return;
    record({
      ...event,
      regarding: { apiVersion: API_VERSION, kind: KIND, name: policy, uid },
      ...(node === undefined ? {} : { related: { apiVersion: 'v1', kind: 'Node', name: node } }),
    });
  };

  return {
    happened: (events) => events.forEach(send),
    reports(reports) {
      const events = reports.flatMap(reportEvents);
      const key = ({ policy, note }: PolicyEvent) => `${policy} ${note}`;
      for (const event of events) if (!said.has(key(event))) send(event);
      said = new Set(events.map(key));
    },
  };
}
