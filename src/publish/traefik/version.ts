/** A version of Traefik, as far as its configuration differs: `[3, 6]`. */
export type TraefikVersion = readonly [major: number, minor: number];

/** The oldest version that is supported; what a secret path is for. */
export const OLDEST: TraefikVersion = [2, 11];
/** The first version that can send a header with its question, so a token proves it. */
export const FIRST_WITH_TOKEN: TraefikVersion = [3, 0];

/** True when `version` is `since` or later. */
export function atLeast(version: TraefikVersion, since: TraefikVersion): boolean {
  return version[0] > since[0] || (version[0] === since[0] && version[1] >= since[1]);
}

/** `3.6` as numbers; undefined for anything else. */
export function parseVersion(text: string): TraefikVersion | undefined {
  const match = /^v?(\d{1,3})\.(\d{1,3})(?:\.\d{1,5})?$/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

/** `3.6`. */
export function formatVersion([major, minor]: TraefikVersion): string {
  return `${String(major)}.${String(minor)}`;
}
