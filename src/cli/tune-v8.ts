import { setFlagsFromString } from "node:v8";

/**
 * Sets what V8 gets wrong for a service. Once our own code is loaded: node compiles its own parts from source, and not
 * from its cache, after any change of flags. See docs/decisions/009-fast-path-tricks.md.
 */
export function tuneV8(): void {
  // After a start that keeps much, V8 makes what such places allocate in its old space at once, for the rest of the
  // process: node's own objects of each request and socket among them, which then hold all they lead to until the next
  // full collection.
  setFlagsFromString("--no-allocation-site-pretenuring");
  // The young generation stays as small as it is. Requests leave nothing behind that a larger one would spare, and a
  // start that leaves much would make it 32 MB for good.
  setFlagsFromString("--semi-space-growth-factor=1");
}
