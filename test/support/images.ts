import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";

/** Names of the images that the fixture imports. No registry is asked. */
export const images = {
  /** Busybox alone: `sh`, `sleep`, `nc`, `httpd`, `wget` ... CMD: sleep for ever. */
  busybox: "wakegate/busybox",
  /** Node with `/app/server.mjs` (test/support/images/sleepy.mjs) and busybox; port 8080 is exposed. */
  sleepy: "wakegate/sleepy",
} as const;

const SLEEPY = new URL("./images/sleepy.mjs", import.meta.url).pathname;

/** Builds both images from the machine's own binaries and imports them. About two seconds. */
export async function importImages(socketPath: string, workDir: string): Promise<void> {
  const root = join(workDir, "rootfs");
  try {
    layBusybox(root);
    await importTar(socketPath, root, images.busybox, ['CMD ["/bin/sleep","2147483"]']);
    layNode(root);
    await importTar(socketPath, root, images.sleepy, [
      'CMD ["/bin/node","/app/server.mjs"]',
      "EXPOSE 8080/tcp",
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function layBusybox(root: string): void {
  for (const dir of ["bin", "etc", "tmp", "proc", "sys", "dev", "app", "root"]) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  chmodSync(join(root, "tmp"), 0o1777);
  const busybox = realpathSync(which("busybox"));
  copyFileSync(busybox, join(root, "bin/busybox"));
  for (const applet of execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n")) {
    if (applet && applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
}

function layNode(root: string): void {
  const node = realpathSync(process.execPath);
  copyFileSync(node, join(root, "bin/node"));
  const libraries = execFileSync("ldd", [node], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g);
  for (const [, library] of libraries) {
    if (!library) continue;
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(realpathSync(library), join(root, library));
  }
  copyFileSync(SLEEPY, join(root, "app/server.mjs"));
}

function importTar(
  socketPath: string,
  root: string,
  name: string,
  changes: readonly string[],
): Promise<void> {
  const query = changes.map((change) => `&changes=${encodeURIComponent(change)}`).join("");
  const path = `/images/create?fromSrc=-&repo=${encodeURIComponent(name)}&tag=latest${query}`;
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: "POST", path, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        if (response.statusCode === 200 && !text.includes('"error"')) resolve();
        else reject(new Error(`import of ${name}: ${text}`));
      });
    });
    call.on("error", reject);
    const tar = spawn("tar", ["-C", root, "--owner=0", "--group=0", "-cf", "-", "."]);
    tar.on("error", reject);
    tar.stdout.pipe(call);
  });
}

function which(binary: string): string {
  return execFileSync("sh", ["-c", `command -v ${binary}`], { encoding: "utf8" }).trim();
}
