import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What every start reads in many small files goes into the bundle; all else stays where npm puts it. */
const BUNDLED = ["eta", "node-cache", "pino", "yaml", "zod"];

/**
 * Writes what users run into a folder directly below the package's root, empty before: few files in place of some
 * 500, since reading these one by one is most of what a start costs. What is loaded only when wanted stays in files of
 * its own. Names and lines stay readable: a stack trace says where.
 *
 * @returns the path of the program.
 */
export async function bundle(folder: string): Promise<string> {
  const outdir = join(ROOT, folder);
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Readonly<Record<string, string>>;
  };
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: "src/main.ts", "sleepy-app": "src/cli/demo/sleepy-app.ts" },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: Object.keys(manifest.dependencies).filter((name) => !BUNDLED.includes(name)),
    // Most of these are CommonJS, and ask for node's own modules.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "warning",
    metafile: true,
  });
  const licences = packagesIn(Object.keys(metafile.inputs)).map(async (name) => {
    const folder = join(ROOT, "node_modules", name);
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled and has no licence file`);
    return `${name}\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  });
  await writeFile(join(outdir, "LICENCES.txt"), (await Promise.all(licences)).join("\n---\n\n"));
  const main = join(outdir, "main.js");
  await chmod(main, 0o755);
  return main;
}

/** What is bundled, with what that brings along. */
function packagesIn(files: readonly string[]): readonly string[] {
  const names = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
