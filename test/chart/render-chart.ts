import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { provideHelm } from '../../packages/tooling/provide-helm.mjs';
import { ROOT } from '../../packages/tooling/versions.mjs';

export const CHART = join(ROOT, 'charts/checkpoint-warden');

/** The values files that stand for kinds of installations. */
export const CI_VALUES = globSync('ci/*-values.yaml', { cwd: CHART }).map((file) => basename(file));

/** An object as the chart renders it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly [field: string]: any;
}

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  /** Names in `ci/`. */
  readonly files?: readonly string[];
  /** `path=value` as for `--set-json`. */
  readonly set?: readonly string[];
  /** Further flags of `helm template`. */
  readonly flags?: readonly string[];
}

/** What helm says and how it ends. */
export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs helm to its end, without looking at the user's own settings. */
export async function helm(args: readonly string[]): Promise<HelmResult> {
  const program = await provideHelm(process.env);
  const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
  return new Promise((resolve) => {
    execFile(program, [...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Renders the chart as `helm template` does. */
export function template({
  release = 'warden',
  namespace = 'backups',
  files = [],
  set = [],
  flags = [],
}: RenderOptions = {}): Promise<HelmResult> {
  return helm([
    'template',
    release,
    CHART,
    '--namespace',
    namespace,
    ...files.flatMap((file) => ['--values', join(CHART, 'ci', file)]),
    ...set.flatMap((assignment) => ['--set-json', assignment]),
    ...flags,
  ]);
}

const rendered = new Map<string, Promise<readonly KubeObject[]>>();

/** Renders the same only once. @returns the objects. @throws an Error with what helm says when it refuses */
export function renderChart(options: RenderOptions = {}): Promise<readonly KubeObject[]> {
  const key = JSON.stringify(options);
  const objects = rendered.get(key) ?? renderAnew(options);
  rendered.set(key, objects);
  return objects;
}

async function renderAnew(options: RenderOptions): Promise<readonly KubeObject[]> {
  const { code, stdout, stderr } = await template(options);
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS();
    })
    .filter((object) => object !== null);
}

/** The one object of a kind whose name ends so. */
export function find(objects: readonly KubeObject[], kind: string, end = ''): KubeObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(end));
  const [only] = found;
  if (found.length !== 1 || only === undefined) {
    throw new Error(`there are ${found.length} objects of kind ${kind} whose name ends with "${end}"`);
  }
  return only;
}
