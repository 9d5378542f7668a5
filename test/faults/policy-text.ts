import { renameSync, writeFileSync } from 'node:fs';

/** A policy file with one object. @param spec - in YAML */
export function policyText(spec: string): string {
  const indented = spec.replaceAll(/^/gm, '  ');
  return `apiVersion: checkpoint-warden.dev/v1alpha1\nkind: CheckpointRetentionPolicy\nmetadata: {name: default}\nspec:\n${indented}\n`;
}

/** Puts a policy file in place as a careful editor does: whole or not at all. */
export function replacePolicy(path: string, spec: string): void {
  writeFileSync(`${path}.new`, policyText(spec));
  renameSync(`${path}.new`, path);
}
