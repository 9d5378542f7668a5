import {
  DockerfileParser,
  type Instruction,
  ModifiableInstruction,
  PropertyInstruction,
} from 'dockerfile-ast';
import type { ImageConfig } from './image-archive.ts';

/** A file that the last stage of a Dockerfile takes from the one that builds. */
export interface CopiedFile {
  /** Where it is in that stage. */
  readonly from: string;
  /** Where it is in the image. */
  readonly to: string;
}

/** The last stage of a Dockerfile: what is in the image beyond its base, and how it is run. */
export interface FinalStage {
  readonly base: string;
  readonly files: readonly CopiedFile[];
  readonly config: ImageConfig;
}

/**
 * Reads the last stage of a Dockerfile. It refuses whatever it does not carry out to the letter, so that an image made by it
 * is the one that Docker makes.
 *
 * @throws Error that names the line of what it does not know
 */
export function readFinalStage(dockerfile: string): FinalStage {
  const instructions = DockerfileParser.parse(dockerfile).getInstructions();
  const from = instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM');
  const first = instructions[from];
  if (first === undefined) throw new Error('it has no FROM');
  const start: FinalStage = { base: onlyArgument(first), files: [], config: {} };
  return instructions.slice(from + 1).reduce(apply, start);
}

function apply(stage: FinalStage, instruction: Instruction): FinalStage {
  if (instruction.getVariables().length > 0) throw refusal(instruction, 'it has a variable');
  const withConfig = (more: ImageConfig) => ({ ...stage, config: { ...stage.config, ...more } });
  switch (instruction.getKeyword()) {
    case 'LABEL':
      return withConfig({
        Labels: { ...stage.config.Labels, ...Object.fromEntries(properties(instruction)) },
      });
    case 'ENV': {
      const variables = properties(instruction).map((pair) => pair.join('='));
      return withConfig({ Env: [...(stage.config.Env ?? []), ...variables] });
    }
    case 'USER':
      return withConfig({ User: onlyArgument(instruction) });
    case 'WORKDIR':
      return withConfig({ WorkingDir: onlyArgument(instruction) });
    case 'ENTRYPOINT':
      return withConfig({ Entrypoint: execForm(instruction) });
    case 'CMD':
      return withConfig({ Cmd: execForm(instruction) });
    case 'COPY':
      return { ...stage, files: [...stage.files, ...copiedFiles(instruction)] };
    default:
      throw refusal(instruction, 'it is none of LABEL, ENV, USER, WORKDIR, ENTRYPOINT, CMD and COPY');
  }
}

function onlyArgument(instruction: Instruction): string {
  const [argument, ...more] = instruction.getArguments();
  if (argument === undefined || more.length > 0) throw refusal(instruction, 'it has not one argument');
  return argument.getValue();
}

function properties(instruction: Instruction): [name: string, value: string][] {
  if (!(instruction instanceof PropertyInstruction)) throw refusal(instruction, 'it has no properties');
  return instruction.getProperties().map((property) => {
    const value = property.getValue();
    if (value === null) throw refusal(instruction, `${property.getName()} has no value`);
    return [property.getName(), value];
  });
}

/** `["program", "argument"]`, which is JSON. The other form needs a shell in the image. */
function execForm(instruction: Instruction): string[] {
  try {
    const parsed: unknown = JSON.parse(instruction.getArgumentsContent() ?? '');
    if (Array.isArray(parsed) && parsed.every((argument) => typeof argument === 'string')) return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refusal(instruction, 'it is not written as ["program", "argument"]');
}

/** `--from=build /path... /target`, where the target ends with a slash if it is a folder. */
function copiedFiles(instruction: Instruction): CopiedFile[] {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags().map(String) : [];
  const paths = instruction.getArguments().map((argument) => argument.getValue());
  const to = paths.pop();
  if (flags.join() !== '--from=build' || to === undefined || paths.length === 0) {
    throw refusal(instruction, 'it is not COPY --from=build FILE... TARGET');
  }
  const isFolder = to.endsWith('/');
  if (paths.length > 1 && !isFolder) throw refusal(instruction, 'the target of several files needs a slash');
  if (![to, ...paths].every((path) => /^\/[\w./-]+$/.test(path))) {
    throw refusal(instruction, 'its paths are not plain and absolute');
  }
  return paths.map((from) => ({ from, to: isFolder ? `${to}${from.split('/').at(-1)}` : to }));
}

function refusal(instruction: Instruction, why: string): Error {
  const line = instruction.getRange().start.line + 1;
  return new Error(`line ${line}: ${instruction.toString()}: ${why}`);
}
