/**
 * What the store asks of a file system: the few calls of `node:fs/promises` that it makes, which is also its
 * default. Failures are that module's: an error with a `code` such as `ENOENT`.
 */
export interface Disk {
  open(path: string, flags: "r" | "w", mode?: number): Promise<DiskFile>;
  /** Atomic: whoever looks finds the old file or the new one. */
  rename(from: string, to: string): Promise<void>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  copyFile(from: string, to: string): Promise<void>;
  mkdir(path: string, options: { readonly recursive: true; readonly mode: number }): Promise<unknown>;
  rm(path: string): Promise<void>;
  stat(path: string): Promise<{ readonly uid: number }>;
}

/** An open file, or an open folder that is only synced. */
export interface DiskFile {
  writeFile(text: string): Promise<void>;
  /** Resolves when everything written so far outlives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
