#!/usr/bin/env node
import * as module from "node:module";

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
