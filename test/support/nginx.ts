import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { startProxy, type RunningProxy, type Upstreams } from "./proxy-process.ts";
import { findBinary } from "./require.ts";
import { tempFolder } from "./temp-folder.ts";

/** Which shipped files nginx runs with, and where they lead. */
export interface NginxOptions extends Upstreams {
  /** Names of files in `examples/nginx`. Default: `blog.conf` with `wakegate.conf`. */
  readonly site?: "blog.conf" | "blog.host.conf" | "blog.protected.conf";
  readonly snippet?: "wakegate.conf" | "wakegate-fail-open.conf";
  /** Rewrites the site alone, after the values of the test were filled in. */
  readonly editSite?: (text: string) => string;
  /** The only user with a password, as a line of a htpasswd file; for `blog.protected.conf`. */
  readonly htpasswd?: string;
}

const EXAMPLES = fileURLToPath(new URL("../../examples/nginx/", import.meta.url));

/** Starts the real nginx with the shipped files, for every host, on a free loopback port. */
export async function startNginx(options: NginxOptions): Promise<RunningProxy> {
  const folder = await tempFolder("nginx");
  const port = await freePort();
  const values = {
    LISTEN: `127.0.0.1:${String(port)}`,
    HOST: "_",
    APP: `http://${options.app}`,
    WAKEGATE: `http://${options.wakegate}`,
    WAKEGATE_PUBLIC: `http://${options.wakegatePublic}`,
    SNIPPET: "snippet.conf",
    ...(options.site === "blog.protected.conf" && { HTPASSWD: "htpasswd" }),
  };
  await writeFile(join(folder.path, "htpasswd"), `${options.htpasswd ?? ""}\n`);
  const shipped = await readFile(join(EXAMPLES, options.snippet ?? "wakegate.conf"), "utf8");
  const snippet = options.withoutEvents
    ? shipped.replace(/^location \^~ \/\.wakegate\/ \{[^}]*\}/m, "")
    : shipped;
  const { edit = (text: string): string => text, editSite = edit } = options;
  await writeFile(join(folder.path, "snippet.conf"), edit(snippet));
  const site = await readFile(join(EXAMPLES, options.site ?? "blog.conf"), "utf8");
  await writeFile(join(folder.path, "site.conf"), editSite(withValues(site, values)));
  await writeFile(join(folder.path, "nginx.conf"), mainConfig());
  await mkdir(join(folder.path, "temp"));
  return startProxy({
    program: findBinary("nginx") ?? "nginx",
    args: ["-p", folder.path, "-c", join(folder.path, "nginx.conf"), "-e", "stderr"],
    port,
    owns: folder,
  });
}

/** Gives each line that is marked `# set: NAME` its value: the last word before the semicolon. */
function withValues(text: string, values: Readonly<Record<string, string>>): string {
  const used = new Set<string>();
  const filled = text.replaceAll(
    /^([ ]*(?:set \$\w+|\w+)) ([^;#\n]+);([ ]*# set: (\w+))$/gm,
    (line, start: string, _old: string, mark: string, name: string) => {
      const value = values[name];
      if (value === undefined) return line;
      used.add(name);
      return `${start} ${value};${mark}`;
    },
  );
  const missing = Object.keys(values).filter((name) => !used.has(name));
  if (missing.length > 0) throw new Error(`the example does not mark: ${missing.join(", ")}`);
  return filled;
}

/** What the distribution's own nginx.conf would be: in the foreground, with nothing outside of the test's folder. */
function mainConfig(): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path temp/${kind};`,
  );
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `daemon off; master_process on; worker_processes 1; pid nginx.pid; error_log stderr info; ${user}
events { worker_connections 4096; }
http {
  access_log off;
  ${temp.join("\n  ")}
  include ${join(EXAMPLES, "http.conf")};
  include site.conf;
}
`;
}
