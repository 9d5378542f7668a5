import { describe, expect, it } from 'vitest';
import { createInventory } from '../inventory/inventory.ts';
import { mapMemory } from '../testing/map-memory.ts';
import { memoryArchiveStore } from '../testing/memory-archive-store.ts';
import { gatherAll, gatherSome } from './gather.ts';

const NAME = 'checkpoint-web-0_shop-app-2024-01-01T00:00:01Z.tar';
const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };

async function gathered() {
  const store = memoryArchiveStore();
  const inventory = createInventory({ node: 'n', quietPeriodMs: 1_000, memory: mapMemory().open() });
  const ports = { store, inventory, monotonicMs: () => 0 };
  store.put(NAME, { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: 1 });
  await gatherAll(ports);
  return { store, inventory, ports };
}

describe.each([
  ['a scan', (ports: Awaited<ReturnType<typeof gathered>>['ports']) => gatherAll(ports)],
  ['a hint', (ports: Awaited<ReturnType<typeof gathered>>['ports']) => gatherSome(ports, [NAME])],
])('an archive that %s cannot look at', (_, gather) => {
  it('is not taken for gone, and not for what it was before either', async () => {
    const { store, inventory, ports } = await gathered();
    store.faults.archives.add(NAME);
    await gather(ports);
    expect(inventory.get(NAME)?.archive).toMatchObject({ state: 'complete', owner: undefined });
    store.faults.archives.clear();
    await gather(ports);
    expect(inventory.get(NAME)?.archive.owner).toEqual(OWNER);
    expect([...inventory.due]).toEqual([]);
  });

  it('is gone once it is known to be', async () => {
    const { store, inventory, ports } = await gathered();
    store.erase(NAME);
    await gather(ports);
    expect(inventory.size).toBe(0);
  });
});

it('a directory that cannot be listed leaves the inventory as it was', async () => {
  const { store, inventory, ports } = await gathered();
  store.faults.list = true;
  await expect(gatherAll(ports)).rejects.toThrowError(/EACCES/);
  expect(inventory.get(NAME)?.archive.owner).toEqual(OWNER);
});
