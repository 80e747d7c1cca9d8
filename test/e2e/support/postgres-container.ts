import { chmod, chown } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContainerOptions } from "../../support/raw-docker.ts";
import { images } from "../../support/images.ts";
import { findBinary } from "../../support/require.ts";
import { run } from "./run.ts";

/**
 * A new database in `folder`, and a container that serves it with this machine's own PostgreSQL. Anybody may
 * come in as `postgres`. @throws Error when it cannot be made.
 */
export async function postgresContainer(folder: string): Promise<ContainerOptions> {
  const bin = dirname(findBinary("postgres") ?? "");
  const data = join(folder, "data");
  const [uid = 0, gid = 0] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"])).out)),
  );
  await chmod(folder, 0o755);
  await chown(folder, uid, gid);
  // PostgreSQL refuses to run as root.
  const owner = [`--reuid=${String(uid)}`, `--regid=${String(gid)}`, "--clear-groups"];
  const options = ["-D", data, "-U", "postgres", "-A", "trust", "-N"];
  const { code, err } = await run("setpriv", [...owner, join(bin, "initdb"), ...options]);
  if (code !== 0) throw new Error(`initdb: ${err}`);
  const hba = `printf 'host all all all trust\\n' >> ${join(data, "pg_hba.conf")}`;
  await run("sh", ["-c", hba]);
  const readOnly = ["/usr", "/lib", "/lib64", "/etc/passwd"].map((path) => [path, `${path}:ro`]);
  return {
    image: images.busybox,
    binds: { ...(Object.fromEntries(readOnly) as Record<string, string>), [folder]: folder },
    cmd: [join(bin, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=*", "-c", "fsync=off"],
    stopSignal: "SIGINT",
    extra: { User: `${String(uid)}:${String(gid)}` },
  };
}
