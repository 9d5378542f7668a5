/** What a record needs to be put into its group and in order. */
export interface Groupable {
  readonly name: string;
  readonly createdAtMs: number;
  readonly owner:
    | { readonly namespace: string; readonly pod: string; readonly container: string }
    | undefined;
}

/** The least that puts archives in order: by container, and in each newest first. */
export function groupedSort<T extends Groupable>(records: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const { namespace = '', pod = '', container = '' } = record.owner ?? {};
    const key = `${namespace}/${pod}/${container}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.name < b.name ? 1 : -1));
  }
  return [...groups.values()];
}
