import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** What the simulation needs of the repository. */
const PARTS = ["src", "test/simulation", "templates", "package.json", "tsconfig.json"];

/** A copy of the repository with one fault in it. Disposing removes it. */
export interface MutantCopy extends AsyncDisposable {
  readonly folder: string;
}

/**
 * The text with the fault in it.
 *
 * @throws Error when the place is not there exactly once: the source has moved on, and so must the patch.
 */
export function mutate(text: string, { name, file, find, put }: Mutant): string {
  const pieces = text.split(find);
  if (pieces.length !== 2) {
    const times = String(pieces.length - 1);
    throw new Error(
      `mutant ${name}: its place is in ${file} ${times} times, not once. Adapt the patch:\n${find}`,
    );
  }
  return pieces.join(put);
}

/** Copies the sources and puts the fault into the copy. */
export async function copyWith(mutant: Mutant): Promise<MutantCopy> {
  const folder = await mkdtemp(join(tmpdir(), `wakegate-mutant-${mutant.name}-`));
  for (const part of PARTS) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const path = join(folder, mutant.file);
  await writeFile(path, mutate(await readFile(path, "utf8"), mutant));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
