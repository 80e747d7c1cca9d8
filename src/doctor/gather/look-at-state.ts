import { randomBytes } from "node:crypto";
import { rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StateScene } from "../scene.ts";

/** Writes a file into the folder and removes it. Never throws. */
export async function lookAtState(dir: string, inContainer: boolean): Promise<StateScene> {
  const file = join(dir, `.doctor-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(file, "", { flag: "wx", mode: 0o600 });
    await rm(file);
    const { bavail, bsize } = await statfs(dir);
    const [own, root] = await Promise.all([stat(dir), stat("/")]);
    return {
      dir,
      freeBytes: bavail * bsize,
      ...(inContainer && { onVolume: own.dev !== root.dev }),
    };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "EIO";
    return { dir, failure: code };
  }
}
