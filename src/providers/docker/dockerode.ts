import type DockerClass from "dockerode";
import { createRequire, Module } from "node:module";

const ours = createRequire(import.meta.url);
const its = createRequire(ours.resolve("dockerode"));

/**
 * Parts of dockerode that are for building images, for engines behind SSH and for the standard input of containers.
 * Wakegate does none of it, and with what they bring along (gRPC, protobuf, ssh2, tar, a second stream library) they are
 * most of what loading dockerode costs: more than a tenth of a second, and more than 10 MB.
 */
const UNUSED = [
  [its, "./session"],
  [its, "docker-modem/lib/ssh"],
  [its, "docker-modem/lib/http_duplex"],
  [its, "tar-fs"],
] as const;

for (const [from, id] of UNUSED) leaveOut(from, id);

/** dockerode's class, without the parts above. */
export const Docker = ours("dockerode") as typeof DockerClass;

/** Where a later dockerode has no such part, nothing is left out, and all works as before. */
function leaveOut(from: NodeJS.Require, id: string): void {
  let path: string;
  try {
    path = from.resolve(id);
  } catch {
    return;
  }
  if (from.cache[path]) return;
  const empty = new Module(path);
  empty.exports = (): never => {
    throw new Error(`${id} of dockerode was left out`);
  };
  empty.loaded = true;
  from.cache[path] = empty;
}
