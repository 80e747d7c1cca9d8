import { connect, createServer } from "node:net";
import { join } from "node:path";
import { tempFolder } from "../../test/support/temp-folder.ts";

/** A start or unpause call as it went by. Monotonic ms of this process. */
export interface TappedCall {
  readonly container: string;
  readonly asked: number;
  answered: number;
}

/** A unix socket in front of the engine's that notes when starts are asked for and answered. */
export interface EngineTap extends AsyncDisposable {
  readonly path: string;
  /** What went by since the last call of this. */
  take(): readonly TappedCall[];
}

/** Opens a tap before the engine at `socketPath`. */
export async function openTap(socketPath: string): Promise<EngineTap> {
  const folder = await tempFolder("bench-tap");
  const path = join(folder.path, "docker.sock");
  let calls: TappedCall[] = [];
  const server = createServer((near) => {
    const far = connect(socketPath);
    let open: TappedCall | undefined;
    near.on("data", (data: Buffer) => {
      const match = /^POST \S*\/containers\/([\w.-]+)\/(?:start|unpause)\b/.exec(
        data.toString("latin1", 0, 300),
      );
      if (!match) return;
      open = { container: match[1] ?? "", asked: performance.now(), answered: Number.NaN };
      calls.push(open);
    });
    far.on("data", () => {
      if (open) open.answered = performance.now();
      open = undefined;
    });
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    take() {
      const taken = calls;
      calls = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
        // Those who hold connections are gone by now, or do not matter.
        server.unref();
        resolve(undefined);
      });
      await folder[Symbol.asyncDispose]();
    },
  };
}
