/** Counters by group and name, of one walk or of many. */
export interface Statistics {
  count(group: Group, name: string, by?: number): void;
  add(other: Counts): void;
  readonly counts: Counts;
}

export type Group = 'walks' | 'steps' | 'deletions' | 'facts' | 'messages' | 'leaders' | 'network' | 'api';
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function createStatistics(): Statistics {
  const counts: Record<string, Record<string, number>> = {};
  const count = (group: string, name: string, by = 1) => {
    const ofGroup = counts[group] ?? {};
    counts[group] = ofGroup;
    ofGroup[name] = (ofGroup[name] ?? 0) + by;
  };
  return {
    counts,
    count,
    add(other) {
      for (const [group, names] of Object.entries(other)) {
        for (const [name, by] of Object.entries(names)) count(group, name, by);
      }
    },
  };
}

/** One line a group: its counters, the largest first. */
export function describeCounts(counts: Counts): string {
  return Object.entries(counts)
    .map(([group, names]) => {
      const rows = Object.entries(names).sort(([, a], [, b]) => b - a);
      return `  ${group.padEnd(10)} ${rows.map(([name, value]) => `${name} ${value}`).join(' · ')}`;
    })
    .join('\n');
}
