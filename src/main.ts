#!/usr/bin/env node
import * as module from "node:module";
import { setFlagsFromString } from "node:v8";

// After a start that keeps much, V8 makes what such places allocate in its old space at once, for the rest of the
// process: node's own objects of each request and socket among them, which then hold all they lead to until the next
// full collection. See docs/decisions/009-fast-path-tricks.md.
setFlagsFromString("--no-allocation-site-pretenuring");
// The young generation stays as small as it begins. Requests leave nothing behind that a larger one would spare, and
// the start, which leaves much, would make it 32 MB for good.
setFlagsFromString("--semi-space-growth-factor=1");

// From Node 22.8 on: what was compiled at one start is not compiled at the next. Where nothing can be written all is
// as it was.
if ("enableCompileCache" in module && typeof module.enableCompileCache === "function")
  module.enableCompileCache();

const args = process.argv.slice(2);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  // Whoever reads has seen enough, as `head` does. The service goes on without a reader.
  if (args[0] !== "serve") process.exit();
});

const { cli } = await import("./cli/cli.ts");
process.exitCode = await cli(args);
