import { rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { makeSandbox, type Sandbox } from '../testing/agent-rig.ts';
import { writeArchive } from '../testing/build-archive.ts';
import { describeArchiveStore } from '../testing/describe-archive-store.ts';
import { memoryArchiveStore } from '../testing/memory-archive-store.ts';
import { pinNameOf } from './archive-name.ts';
import { fileArchiveStore } from './file-archive-store.ts';

const OWNER = { namespace: 'shop', pod: 'web-0', container: 'app' };
const sandboxes: Sandbox[] = [];
afterEach(() => {
  for (const sandbox of sandboxes.splice(0)) sandbox.remove();
});

describeArchiveStore('on files', () => {
  const sandbox = makeSandbox();
  sandboxes.push(sandbox);
  const pathOf = (name: string) => join(sandbox.checkpointDir, name);
  return {
    store: fileArchiveStore(sandbox.checkpointDir),
    write(name, structure) {
      writeArchive(pathOf(name), { runtime: 'containerd', ...OWNER });
      if (structure === 'incomplete') truncateSync(pathOf(name), 50_000);
    },
    change: (name) => utimesSync(pathOf(name), 1, 1),
    pin: (name) => writeFileSync(pathOf(pinNameOf(name)), ''),
    erase: (name) => rmSync(pathOf(name)),
  };
});

describeArchiveStore('in memory', () => {
  const store = memoryArchiveStore();
  return {
    store,
    write: (name, structure) => store.put(name, { structure, owner: OWNER, sizeBytes: 1, mtimeMs: 1 }),
    change: (name) => store.put(name, { structure: 'complete', owner: OWNER, sizeBytes: 1, mtimeMs: 1 }),
    pin: store.pin,
    erase: store.erase,
  };
});
