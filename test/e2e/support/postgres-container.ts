import { join } from "node:path";
import type { ContainerOptions } from "../../support/raw-docker.ts";
import { images } from "../../support/images.ts";
import { newCluster } from "./postgres.ts";
import { run } from "./run.ts";

/**
 * A new database in `folder`, and a container that serves it with this machine's own PostgreSQL. Anybody may
 * come in as `postgres`. @throws Error when it cannot be made.
 */
export async function postgresContainer(folder: string): Promise<ContainerOptions> {
  const { program, data, owner } = await newCluster(folder);
  const hba = `printf 'host all all all trust\\n' >> ${join(data, "pg_hba.conf")}`;
  await run("sh", ["-c", hba]);
  const readOnly = ["/usr", "/lib", "/lib64", "/etc/passwd"].map((path) => [path, `${path}:ro`]);
  return {
    image: images.busybox,
    binds: { ...(Object.fromEntries(readOnly) as Record<string, string>), [folder]: folder },
    cmd: [program, "-D", data, "-k", folder, "-c", "listen_addresses=*", "-c", "fsync=off"],
    stopSignal: "SIGINT",
    ...(owner && { extra: { User: `${String(owner.uid)}:${String(owner.gid)}` } }),
  };
}
