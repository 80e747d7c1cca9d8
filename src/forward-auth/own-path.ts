/** The path prefix that Wakegate owns on every host. */
export const OWN_PREFIX = "/.wakegate/";

/** True for a normalised path that belongs to Wakegate and never to an app. */
export function isOwnPath(path: string): boolean {
  return path.startsWith(OWN_PREFIX) || path === "/.wakegate";
}
