import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, WakegateError } from "../errors.ts";

const FILE = "page-token.key";
const KEY_BYTES = 32;

/**
 * The key that signs page tokens: 32 bytes in `page-token.key` of the state folder, readable by the owner
 * alone, made on first use. It outlives restarts so that open pages go on working. A file of another
 * length is replaced: pages then reload once, no more.
 *
 * @throws WakegateError `state_unwritable` naming the folder.
 */
export async function loadOrCreateKey(folder: string): Promise<Uint8Array> {
  const path = join(folder, FILE);
  try {
    const present = await readKey(path);
    if (present?.length === KEY_BYTES) return present;
    await mkdir(folder, { recursive: true });
    const key = randomBytes(KEY_BYTES);
    const draft = `${path}.${key.toString("hex", 0, 6)}`;
    await writeFile(draft, key, { mode: 0o600, flag: "wx" });
    if (present) {
      await rename(draft, path);
      return key;
    }
    return await publish(draft, path, key);
  } catch (error) {
    throw new WakegateError(
      "state_unwritable",
      `Cannot keep the page key in ${folder}: ${messageOf(error)}. Make the folder writable for Wakegate, or set state_dir to one that is.`,
      { cause: error },
    );
  }
}

/**
 * Keeps another key in place of the one that is there.
 *
 * @throws the file system's error; the old key is untouched then.
 */
export async function saveKey(folder: string, key: Uint8Array): Promise<void> {
  const draft = join(folder, `${FILE}.${randomBytes(6).toString("hex")}`);
  await writeFile(draft, key, { mode: 0o600, flag: "wx" });
  await rename(draft, join(folder, FILE));
}

/** Two processes that begin together agree on one key: `link` fails where the other was first. */
async function publish(draft: string, path: string, key: Uint8Array): Promise<Uint8Array> {
  try {
    await link(draft, path);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return (await readKey(path)) ?? key;
    // Some network and FUSE file systems know no hard links.
    await rename(draft, path);
    return key;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
