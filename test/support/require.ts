// This is the one place that makes suites conditional.
/* oxlint-disable vitest/no-conditional-tests, vitest/valid-describe-callback, vitest/valid-title, vitest/no-disabled-tests */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";

/** A real program that tests can need. */
export type Engine =
  | "docker"
  | "caddy"
  | "nginx"
  | "chromium"
  | "haproxy"
  | "postgres"
  | "mysql"
  | "redis"
  | "socat"
  | "ssh"
  | "podman"
  | "systemd"
  | "traefik"
  | "kubectl"
  | "mounts";

const BINARIES: Readonly<Record<Engine, readonly string[]>> = {
  docker: ["dockerd"],
  caddy: ["caddy"],
  nginx: ["nginx"],
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  haproxy: ["haproxy"],
  postgres: ["postgres"],
  mysql: ["mariadbd"],
  redis: ["redis-server"],
  socat: ["socat"],
  ssh: ["sshd"],
  podman: ["podman"],
  systemd: ["systemd-analyze"],
  traefik: ["traefik"],
  kubectl: ["kubectl"],
  mounts: ["unshare"],
};

/** Variables that name another program than the one on the PATH. */
const GIVEN: Partial<Readonly<Record<Engine, string>>> = { traefik: "TRAEFIK_BIN", caddy: "CADDY_BIN" };

/** Where Debian keeps daemons that are not on everybody's PATH. */
const MORE_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The program's path, or undefined when it is not installed. Postgres hides below its version. */
export function findBinary(engine: Engine): string | undefined {
  const given = GIVEN[engine] && process.env[GIVEN[engine]];
  if (given) return isExecutable(given) ? given : undefined;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...MORE_FOLDERS];
  if (engine === "postgres")
    folders.push(...[18, 17, 16, 15, 14].map((v) => `/usr/lib/postgresql/${String(v)}/bin`));
  for (const binary of BINARIES[engine]) {
    for (const folder of folders) {
      const path = join(folder, binary);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** Why the engine cannot be used here; undefined when it can. */
export function missing(engine: Engine): string | undefined {
  if (!findBinary(engine)) return `${BINARIES[engine].join(" or ")} is not installed`;
  if (engine === "mounts" && process.platform !== "linux") return "only Linux has bind mounts";
  if ((engine === "docker" || engine === "podman" || engine === "mounts") && process.getuid?.() !== 0)
    return engine === "mounts" ? "mounting needs root" : `a private ${engine} needs root`;
  return undefined;
}

/**
 * A `describe` for tests that need real programs. Where one is missing the suite is skipped with one line that
 * says why; where `WAKEGATE_TEST_REQUIRE` (comma list) names a missing one, it fails.
 */
export function suite(needs: Engine | readonly Engine[], name: string, body: () => void): void {
  const required = new Set(
    (process.env["WAKEGATE_TEST_REQUIRE"] ?? "").split(",").map((word) => word.trim()),
  );
  const lacking = [needs].flat().filter((engine) => missing(engine) !== undefined);
  if (lacking.length === 0) {
    describe(name, body);
    return;
  }
  const why = lacking.map((engine) => `${engine}: ${missing(engine) ?? ""}`).join("; ");
  const demanded = lacking.filter((engine) => required.has(engine));
  if (demanded.length > 0) {
    describe(name, () => {
      test(`needs ${demanded.join(", ")}`, () => {
        throw new Error(`WAKEGATE_TEST_REQUIRE demands it, but ${why}`);
      });
    });
    return;
  }
  process.stderr.write(`skipped: ${name} (${why})\n`);
  describe.skip(`${name} [skipped: ${why}]`, body);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
