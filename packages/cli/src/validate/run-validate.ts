import { type CheckpointRetentionPolicy, compile } from '@checkpoint-warden/api';
import { AppError } from '@checkpoint-warden/errors';
import type { CliIo } from '../cli-io.ts';
import type { Invocation } from '../command.ts';
import { forEachArgument } from '../for-each-argument.ts';
import { inputName, readPolicyObjects } from '../policy/load-policy.ts';
import { countOf } from '../text/count-of.ts';
import { type Column, formatTable } from '../text/format-table.ts';
import { type Paint, paintFor } from '../text/paint.ts';
import { describeObject, type ObjectDescription } from './describe-object.ts';

/** `checkpoint-warden validate`: the objects of all files add up, as they do in a cluster. */
export async function runValidate({ args, io }: Invocation<object>): Promise<number> {
  const paint = paintFor(io.stdout, io.env);
  const objects: CheckpointRetentionPolicy[] = [];
  const fileOf = new Map<string, string>();
  const exitCode = await forEachArgument(args, io, async (argument) => {
    const file = inputName(argument);
    const found = await readPolicyObjects(argument, io);
    for (const { metadata } of found) {
      const other = fileOf.get(metadata.name);
      if (other !== undefined) throw nameTaken(file, metadata.name, other);
      fileOf.set(metadata.name, file);
    }
    objects.push(...found);
    io.stdout.write(acceptedFile(file, found.map(describeObject), paint));
  });
  warnOfConflicts(objects, fileOf, io);
  return exitCode;
}

function acceptedFile(file: string, objects: readonly ObjectDescription[], paint: Paint): string {
  const verdict = `${file}: ${paint('green', 'valid')}, ${countOf(objects.length, 'object')}\n`;
  return verdict + formatTable(objects, COLUMNS, (line) => paint('bold', line)).replaceAll(/^(?=.)/gm, '  ');
}

const COLUMNS: readonly Column<ObjectDescription>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'MODE', cell: ({ mode }) => mode },
  { heading: 'NODES', cell: ({ nodes }) => nodes },
  { heading: 'RULES', cell: ({ rules }) => rules },
];

/** Applied one after the other, the later object would replace the earlier one. */
function nameTaken(file: string, name: string, other: string): AppError {
  const message = `the object ${name} is also in ${other}`;
  return new AppError('CW_ERR_POLICY_INVALID', `${file}: ${message}`, {
    problems: [{ path: file, message, remedy: 'give each object its own name' }],
  });
}

function warnOfConflicts(
  objects: readonly CheckpointRetentionPolicy[],
  fileOf: ReadonlyMap<string, string>,
  { stderr, env }: Pick<CliIo, 'stderr' | 'env'>,
): void {
  const paint = paintFor(stderr, env);
  for (const { name, conflicts } of compile(objects.map(onEveryNode)).objects) {
    for (const { path, scope, winner } of conflicts) {
      const what = `is not in force where ${winner} applies too, which has a rule for ${scope} already`;
      stderr.write(`${paint('yellow', 'warning:')} ${fileOf.get(name)}: ${name}/${path} ${what}\n`);
    }
  }
}

/** Two objects conflict where both apply; nothing is known of nodes here. */
function onEveryNode({ spec, ...object }: CheckpointRetentionPolicy): CheckpointRetentionPolicy {
  const { nodeSelector: _, ...rest } = spec;
  return { ...object, spec: rest };
}
