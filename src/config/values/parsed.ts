/** What came of reading a value: the value, or a sentence that says what was expected and what to do. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** A value that was read. */
export function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** A value that could not be read; `message` is for the person who wrote it. */
export function bad(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
