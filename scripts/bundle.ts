import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What every start reads in hundreds of small files goes into the bundle; all else stays where npm puts it. */
const BUNDLED = ["yaml", "zod"];

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
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: "src/main.ts", "sleepy-app": "src/cli/demo/sleepy-app.ts" },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: Object.keys(manifest.dependencies).filter((name) => !BUNDLED.includes(name)),
    // yaml is CommonJS, and asks for node's own modules.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "warning",
  });
  const licences = BUNDLED.map(async (name) => {
    const text = await readFile(join(ROOT, "node_modules", name, "LICENSE"), "utf8");
    return `${name}\n\n${text.trim()}\n`;
  });
  await writeFile(join(outdir, "LICENCES.txt"), (await Promise.all(licences)).join("\n---\n\n"));
  const main = join(outdir, "main.js");
  await chmod(main, 0o755);
  return main;
}
