import { AppError, type Problem } from '@checkpoint-warden/errors';
import type { AgentPlace } from './agent-place.ts';

/**
 * Reads `--agent NODE=URL`.
 *
 * @throws AppError `CW_ERR_USAGE` with every one that is wrong
 */
export function fixedAgents(given: readonly string[]): AgentPlace[] {
  const problems: Problem[] = [];
  const places = given.flatMap((text) => {
    const place = readPlace(text);
    if (place !== undefined) return [place];
    problems.push({
      path: '--agent',
      message: 'it is not a node’s name and the URL of its agent',
      found: JSON.stringify(text),
      remedy: 'write node-1=https://10.0.0.1:9464',
    });
    return [];
  });
  const names = places.map(({ node }) => node);
  for (const node of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    problems.push({
      path: '--agent',
      message: `${node} is given more than once`,
      remedy: 'give each node one agent',
    });
  }
  if (problems.length > 0) throw new AppError('CW_ERR_USAGE', 'agents are given wrongly', { problems });
  return places;
}

function readPlace(text: string): AgentPlace | undefined {
  const [, node, address] = /^([a-z0-9.-]+)=(.+)$/.exec(text) ?? [];
  if (node === undefined || address === undefined || !URL.canParse(address)) return undefined;
  const { protocol, origin, pathname, search } = new URL(address);
  if (protocol !== 'https:' || pathname !== '/' || search !== '') return undefined;
  return { node, url: origin, origin: '--agent' };
}
