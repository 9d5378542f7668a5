import { AppError, type Problem } from '@checkpoint-warden/errors';
import Type from 'typebox';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type YAMLParseError,
} from 'yaml';
import { collectFindings } from './collect-problems.ts';
import { type Finding, type Path, toProblem } from './finding.ts';
import { type CheckpointRetentionPolicy, KIND } from './policy-object.ts';
import { findInObject } from './validate-object.ts';

/** A {@link Problem} in a policy file. */
export interface FileProblem extends Problem {
  readonly file: string;
  /** Counted from 1; only where the file holds several YAML documents. */
  readonly document?: number;
  /** Counted from 1. */
  readonly line?: number;
}

/** The longest policy file that is read, in characters; many times what an API server would take. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** How many nodes all aliases of a document together may stand for: enough for people, not for a "billion laughs". */
const MAX_ALIASES = 100;

const ListSchema = Type.Object(
  {
    apiVersion: Type.String(),
    kind: Type.String(),
    metadata: Type.Optional(Type.Unknown()),
    items: Type.Array(Type.Unknown()),
  },
  { additionalProperties: false },
);

/**
 * Reads the policy objects of a file: YAML with one or more documents or JSON, also a `List` as `kubectl get -o yaml` prints.
 *
 * @param fileName - for the problems only; nothing is read from disk
 * @returns the objects in the order of the file, at least one
 * @throws AppError `CW_ERR_POLICY_INVALID` with every problem of the whole file, as {@link FileProblem}s
 */
export function readPolicyText(text: string, fileName: string): { objects: CheckpointRetentionPolicy[] } {
  const { problems, objects } = readDocuments(text, fileName);
  if (problems.length === 0) return { objects };
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  throw new AppError('CW_ERR_POLICY_INVALID', `${fileName} has ${count}`, { problems });
}

interface Reading {
  readonly problems: FileProblem[];
  readonly objects: CheckpointRetentionPolicy[];
}

function readDocuments(text: string, file: string): Reading {
  if (text.length > MAX_LENGTH) {
    return {
      problems: [{ file, path: '', message: `is longer than ${MAX_LENGTH} characters` }],
      objects: [],
    };
  }
  const lines = new LineCounter();
  const parsed = parse(text, lines);
  const documents = parsed.filter((document) => document.errors.length > 0 || !isEmpty(document));
  const problems: FileProblem[] = [];
  const objects: CheckpointRetentionPolicy[] = [];
  const names = new Set<string>();
  for (const document of documents) {
    const place = documents.length > 1 ? { file, document: parsed.indexOf(document) + 1 } : { file };
    const report = (finding: Finding, offset = offsetOf(document, finding.path)) => {
      const line = offset === undefined ? {} : { line: lines.linePos(offset).line };
      problems.push({ ...place, ...line, ...toProblem(finding) });
    };
    const value = plainValue(document, report);
    for (const { path, object } of value === undefined ? [] : objectsIn(value, report)) {
      const findings = findInObject(object);
      for (const finding of findings) report({ ...finding, path: [...path, ...finding.path] });
      if (findings.length > 0) continue;
      // Nothing was found wrong with it.
      const policy = object as CheckpointRetentionPolicy;
      const { name } = policy.metadata;
      if (names.has(name)) {
        report({
          path: [...path, 'metadata', 'name'],
          message: `another object of this file is also called ${name}`,
          remedy: 'give each object its own name',
        });
      }
      names.add(name);
      objects.push(policy);
    }
  }
  if (objects.length === 0 && problems.length === 0) {
    problems.push({
      file,
      path: '',
      message: `holds no ${KIND}`,
      remedy: 'write at least one object; to delete nothing, use mode: Audit',
    });
  }
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return { problems, objects };
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed[] {
  // A text without any document is an empty list of another type.
  const documents: readonly Document.Parsed[] = parseAllDocuments(text, {
    lineCounter,
    logLevel: 'silent',
    merge: true,
    prettyErrors: false,
    uniqueKeys: true,
  });
  return [...documents];
}

function isEmpty(document: Document.Parsed): boolean {
  const { contents } = document;
  return contents === null || (isScalar(contents) && contents.value === null);
}

/** The document as plain JSON, or `undefined` after reporting why it is not. */
function plainValue(document: Document.Parsed, report: (finding: Finding, offset?: number) => void): unknown {
  if (document.errors.length > 0) {
    for (const error of tellingErrors(document.errors)) {
      report({ path: [], message: yamlMessage(error) }, error.pos[0]);
    }
    return undefined;
  }
  try {
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: MAX_ALIASES })));
  } catch (error) {
    // Every error here is about the document: yaml throws plain ones for aliases that are unknown or too many and for
    // merges of what is no map, JSON a TypeError for an alias inside its own anchor.
    report({ path: [], message: `not a plain value: ${contentMessage(error)}` });
    return undefined;
  }
}

function contentMessage(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  if (error instanceof TypeError) return 'an alias refers to what contains it';
  return error instanceof Error ? error.message : String(error);
}

/** Duplicate keys are each a mistake of their own; of the errors in the syntax, all but the first may follow from it. */
function tellingErrors(errors: readonly YAMLParseError[]): YAMLParseError[] {
  const syntax = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  return errors.filter((error) => error.code === 'DUPLICATE_KEY' || error === syntax);
}

function yamlMessage({ code, message }: YAMLParseError): string {
  if (code === 'DUPLICATE_KEY') return 'the same key is written twice in one map';
  // The parser recurses; it gives this code when the call stack runs out.
  if (code === 'RESOURCE_EXHAUSTION') return 'is nested too deeply';
  return `not valid YAML: ${message.replace(/\.$/, '')}`;
}

/** The objects of one document: itself, or the items of a list. */
function objectsIn(value: unknown, report: (finding: Finding) => void): { path: Path; object: unknown }[] {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (kind !== 'List' && kind !== `${KIND}List`) return [{ path: [], object: value }];
  for (const finding of collectFindings(ListSchema, value)) report(finding);
  const items = (value as { items?: unknown }).items;
  return Array.isArray(items) ? items.map((object, index) => ({ path: ['items', index], object })) : [];
}

/** Where in the text a path is, or as much of it as is there: a field by its key, a list entry by its beginning. */
function offsetOf(document: Document.Parsed, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === step);
      if (pair === undefined) return offset;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}
