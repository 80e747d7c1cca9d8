import { dirname } from "node:path";
import type { Disk } from "./disk.ts";

/** The name under which a file is written before it takes its place. Left behind only by a crash. */
export function temporaryName(path: string): string {
  return `${path}.tmp`;
}

/**
 * Replaces a file as a whole: after a crash at any moment the old or the new content is there, never a mix.
 * Only the owner may read it. The caller sees to it that one write runs at a time.
 *
 * @throws the file system's error; the old file is untouched then.
 */
export async function writeAtomically(disk: Disk, path: string, text: string): Promise<void> {
  const temporary = temporaryName(path);
  const handle = await disk.open(temporary, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await disk.rename(temporary, path);
  await syncFolder(disk, dirname(path));
}

/** Makes the rename itself last. Some network file systems cannot sync a folder; the rename is atomic all the same. */
async function syncFolder(disk: Disk, folder: string): Promise<void> {
  const handle = await disk.open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "EPERM") throw error;
  } finally {
    await handle.close();
  }
}
