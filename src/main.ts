#!/usr/bin/env node
import * as module from "node:module";

// From Node 22.8 on: what was compiled at one start is not compiled at the next. Where nothing can be written all is
// as it was.
if ("enableCompileCache" in module && typeof module.enableCompileCache === "function")
  module.enableCompileCache();

const { cli } = await import("./cli/cli.ts");
process.exitCode = await cli(process.argv.slice(2));
