/** The form of a value: key sets and types, no values. Of lists: the forms of their entries, each once. */
export function formOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const forms = new Map(value.map((entry) => [JSON.stringify(formOf(entry)), formOf(entry)]));
    return { list: [...forms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, form]) => form) };
  }
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, formOf(child)]),
  );
}

/** The form of a body. Where keys are names (paths of rights), what they are is part of the form already. */
export function formOfBody(body: unknown): unknown {
  return body === "" || body === undefined ? "empty" : formOf(body);
}
