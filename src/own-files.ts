/**
 * A file of Wakegate's own package, by its path in there. This module is one folder below the package's root, as a
 * source and in the bundle.
 */
export function ownFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}
