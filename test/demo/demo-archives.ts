import { copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = new URL('../fixtures/', import.meta.url).pathname;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A real archive by whom it was taken from; the time in its name is free to choose. */
const SOURCES = {
  'web-0': {
    file: 'checkpoint-web-0_default-app-2026-11-23T13:11:16Z.tar',
    stem: 'checkpoint-web-0_default-app',
  },
  'web-0 in default-2': {
    file: 'checkpoint-web-0_default-2-app-2026-11-23T13:11:16Z.tar',
    stem: 'checkpoint-web-0_default-2-app',
  },
  api: {
    file: 'checkpoint-api-6d5f_team.a-sidecar-1-2026-11-23T13:11:16Z.tar',
    stem: 'checkpoint-api-6d5f_team.a-sidecar-1',
  },
  truncated: {
    file: 'truncated/checkpoint-big-0_default-mem-2026-11-23T13:11:16Z.tar',
    stem: 'checkpoint-big-0_default-mem',
  },
  podman: { file: 'podman-none.tar', stem: 'checkpoint-job-7_batch-main' },
} as const;
type Source = keyof typeof SOURCES;

/** A file of the demo, and what is special about it. */
export interface DemoFile {
  readonly name: string;
  readonly note: string;
  readonly isPinned: boolean;
}

/** Fills the directory with one archive of every kind. Returns what is in it, oldest first within each kind. */
export function fillDirectory(directory: string): readonly DemoFile[] {
  mkdirSync(directory);
  const files: DemoFile[] = [];
  const put = (source: Source, ageMs: number, note: string, isPinned = false): void => {
    const name = place(directory, source, new Date(Date.now() - ageMs));
    if (isPinned) writeFileSync(join(directory, `${name}.keep`), 'evidence of an incident\n');
    files.push({ name, note, isPinned });
  };
  put('web-0', 9 * HOUR_MS, 'web-0 in default: pinned by the .keep file beside it', true);
  for (const hours of [8, 6, 4, 2]) put('web-0', hours * HOUR_MS, `web-0 in default: ${hours} hours old`);
  for (const hours of [7, 5, 3]) {
    put(
      'web-0 in default-2',
      hours * HOUR_MS,
      'namespace default-2 and container app; the name could also mean default and 2-app',
    );
  }
  put('api', 45 * DAY_MS, 'api in team.a: 45 days old');
  put('api', 40 * DAY_MS, 'api in team.a: 40 days old, its last one');
  put('truncated', 2 * HOUR_MS, 'cut off by a full disk, two hours ago');
  put('podman', 3 * HOUR_MS, 'made by Podman: nothing inside says that it is what its name says');
  writeFileSync(join(directory, 'NOTES.txt'), 'not an archive\n');
  files.push({ name: 'NOTES.txt', note: 'somebody’s file', isPinned: false });
  return files;
}

/** Lets a checkpoint arrive, as of some seconds ago. Returns its file name. */
export function takeCheckpoint(directory: string, source: Source, secondsAgo: number): string {
  return place(directory, source, new Date(Date.now() - (10 - secondsAgo) * 1_000));
}

function place(directory: string, source: Source, createdAt: Date): string {
  const { file, stem } = SOURCES[source];
  const name = `${stem}-${createdAt.toISOString().slice(0, 19)}Z.tar`;
  const path = join(directory, name);
  copyFileSync(join(FIXTURES, file), path);
  utimesSync(path, createdAt, createdAt);
  return name;
}
