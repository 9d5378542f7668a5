/** Makes a value anew only when one of the things that it is made from is another one. */
export function remembered<T>(madeFrom: () => readonly unknown[], make: () => T): () => T {
  let last: { readonly parts: readonly unknown[]; readonly value: T } | undefined;
  return () => {
    const parts = madeFrom();
    if (last === undefined || !isSame(parts, last.parts)) last = { parts, value: make() };
    return last.value;
  };
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
