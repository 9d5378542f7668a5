/** What the calls of a killed agent meet. */
export const KILLED = 'killed';

/**
 * A port as a process has it: once that is dead, none of its calls reaches what is behind the port any more, and each throws,
 * so that the code which still runs comes to its end without having done anything.
 */
export function whileAlive<T extends object>(port: T, isAlive: () => boolean): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]) => {
        if (!isAlive()) throw new Error(KILLED);
        return Reflect.apply(value, target, args);
      };
    },
  });
}
