import { type ChildProcess, fork } from 'node:child_process';
import { readImageRuntime } from '../image/image-runtime.ts';

/** What a child process can be asked, and what it answers. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

type ArgumentOf<F> = F extends () => unknown ? [] : F extends (argument: infer A) => unknown ? [A] : never;
type ResultOf<F> = F extends (...all: never) => infer R ? Awaited<R> : never;

/** A process of our own that answers calls. */
export interface Child<C extends Calls> {
  readonly pid: number;
  /** Rejects when the call fails, or the process ends. */
  ask<K extends keyof C & string>(name: K, ...argument: ArgumentOf<C[K]>): Promise<ResultOf<C[K]>>;
  end(): void;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Starts a module as a process, in the Node.js that the program has in production. It ends with this process. */
export function startChild<C extends Calls>(module: string): Child<C> {
  const { nodeFlags, env } = readImageRuntime();
  const child: ChildProcess = fork(module, { execArgv: [...nodeFlags], env: { ...process.env, ...env } });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', ({ id, result, error }: Reply) => {
    const question = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) question?.resolve(result);
    else question?.reject(new Error(error));
  });
  child.once('exit', (code, signal) => {
    for (const question of waiting.values()) question.reject(new Error(`${module} ended: ${signal ?? code}`));
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    ask(name, ...[argument]) {
      const question = Promise.withResolvers<unknown>();
      const id = ++asked;
      waiting.set(id, question);
      child.send({ id, name, argument } satisfies Question);
      return question.promise as Promise<never>;
    },
    end: () => void child.kill('SIGKILL'),
  };
}

/** Answers the parent's calls, until it is gone. */
export function answer(calls: Calls): void {
  const byName = new Map(Object.entries(calls));
  process.on('message', async ({ id, name, argument }: Question) => {
    const call = byName.get(name) as ((argument: unknown) => unknown) | undefined;
    let reply: Reply;
    try {
      reply = { id, result: await call?.(argument) };
    } catch (error) {
      reply = { id, error: String((error as Error).stack) };
    }
    process.send?.(reply);
  });
  process.once('disconnect', () => process.exit());
}
