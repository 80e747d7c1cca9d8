import { ProviderError } from "../provider.ts";

/** Docker's own pattern for names, which ids match too. */
const PATTERN = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Whether this can be a container's name or id at all. Paths are built from it unescaped. */
export function isReference(ref: string): boolean {
  return ref.length <= 256 && PATTERN.test(ref);
}

/** @throws ProviderError `not_found` for what cannot be a container. */
export function checkReference(engine: string, ref: string): void {
  if (!isReference(ref)) {
    throw new ProviderError(
      "not_found",
      engine,
      `engine ${engine}: "${ref.slice(0, 80)}" is no container's name or id`,
    );
  }
}
