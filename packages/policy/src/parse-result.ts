/** What parsing a text gave: the value, or what is wrong with the text and what to write instead. */
export type ParseResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

/** A refused text. `message` names what was found, `remedy` says what to write instead. */
export function refused(message: string, remedy: string): ParseResult<never> {
  return { ok: false, message, remedy };
}
