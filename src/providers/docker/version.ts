import { ProviderError } from "../provider.ts";

/** The newest API whose fields we know. */
export const NEWEST_API = "1.51";
/** The oldest one we can work with: stop timeouts of containers came with it (Docker 1.13). */
export const OLDEST_API = "1.25";

/** True when version `a` is `b` or later. */
export function atLeast(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA !== majorB ? majorA > majorB : minorA >= minorB;
}

/**
 * The API version to speak: the lower of our newest and the engine's.
 *
 * @throws ProviderError `engine_incompatible` when the engine is too old for us or too new.
 */
export function chooseVersion(
  engine: string,
  told: { readonly ApiVersion: string; readonly MinAPIVersion?: string; readonly Version?: string },
): string {
  const { ApiVersion: newest, MinAPIVersion: oldest = "1.12", Version: version = "?" } = told;
  if (!atLeast(newest, OLDEST_API)) {
    const message = `engine ${engine}: Docker ${version} speaks API ${newest} at most, Wakegate needs ${OLDEST_API}: update the engine`;
    throw new ProviderError("engine_incompatible", engine, message);
  }
  if (!atLeast(NEWEST_API, oldest)) {
    const message = `engine ${engine}: Docker ${version} wants API ${oldest} at least, this Wakegate speaks ${NEWEST_API}: update Wakegate`;
    throw new ProviderError("engine_incompatible", engine, message);
  }
  return atLeast(newest, NEWEST_API) ? NEWEST_API : newest;
}
