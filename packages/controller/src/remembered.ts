/** Makes a value anew only when one of the things that it is made from is another one. */
export function remembered<T>(madeFrom: () => readonly unknown[], make: () => T): () => T {
  let last: { readonly parts: readonly unknown[]; readonly value: T } | undefined;
  return () => {
    const parts = madeFrom();
    if (last === undefined || parts.some((part, index) => part !== last?.parts[index]))
      last = { parts, value: make() };
    return last.value;
  };
}
