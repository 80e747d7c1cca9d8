import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { DockerProvider, type DockerTuning } from "../../../src/providers/docker/provider.ts";
import { openProvider } from "../../../src/providers/open.ts";
import type { ProviderError } from "../../../src/providers/provider.ts";
import { FakeDocker, sendError, sendJson, toInspected, type Interceptor } from "../../support/fake-docker.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const never = new AbortController().signal;
let docker: FakeDocker;
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  docker = await FakeDocker.start();
  opened.push(docker);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

function connect(tuning: DockerTuning = {}, url = docker.url): DockerProvider {
  const provider = new DockerProvider({ kind: "docker", name: "local", url }, { clock: systemClock }, tuning);
  opened.push(provider);
  return provider;
}

async function failure(promise: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await promise.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );
  expect(error).toMatchObject({ name: "ProviderError", engine: "local" });
  return error as ProviderError;
}

describe("a TLS file that cannot be read", () => {
  test("is read again for the next call, without a restart", async () => {
    await using folder = await tempFolder("tls");
    const caFile = join(folder.path, "ca.pem");
    const url = docker.url;
    const provider = new DockerProvider(
      { kind: "docker", name: "local", url, tls: { caFile } },
      { clock: systemClock },
    );
    opened.push(provider);
    expect((await failure(provider.inspect("blog", never))).message).toContain("cannot be read");
    writeFileSync(caFile, "");
    expect(await provider.inspect("blog", never)).toBeUndefined();
  });
});

const forbid =
  (pattern: RegExp): Interceptor =>
  ({ path, response }) => {
    if (!pattern.test(path)) return false;
    response
      .writeHead(403, { "Content-Type": "text/html" })
      .end("<html><body><h1>403 Forbidden</h1></body></html>");
    return true;
  };

describe("a socket proxy that forbids", () => {
  test("is named with the right that it lacks", async () => {
    const { id } = docker.add("blog", { status: "running" });
    const provider = connect();
    const rights: readonly (readonly [RegExp, () => Promise<unknown>, string])[] = [
      [/json$/, () => provider.inspect("blog", never), "CONTAINERS=1"],
      [/start$/, () => provider.wake({ id, status: "exited" }, never), "POST=1 and ALLOW_START=1"],
      [/stop$/, () => provider.sleep(id, { method: "stop" }, never), "POST=1 and ALLOW_STOP=1"],
      [/kill$/, () => provider.sleep(id, { method: "kill" }, never), "POST=1 and ALLOW_RESTARTS=1"],
      [/exec$/, () => provider.exec(id, ["true"], never), "POST=1, CONTAINERS=1 and EXEC=1"],
    ];
    for (const [pattern, call, right] of rights) {
      docker.intercept = forbid(pattern);
      const error = await failure(call());
      expect(error.code).toBe("engine_forbidden");
      expect(error.message).toContain(`set ${right} on the socket proxy`);
      expect(error.message).not.toContain("<html>");
    }
  });

  test("that does not let us ask for the version is named as well", async () => {
    docker.intercept = forbid(/version/);
    expect((await failure(connect().inspect("blog", never))).message).toContain("VERSION=1");
  });
});

describe("a socket that cannot be opened", () => {
  test("says what to check where there is none", async () => {
    const error = await failure(connect({}, "unix:///nowhere/docker.sock").inspect("blog", never));
    expect(error.code).toBe("engine_unreachable");
    expect(error.message).toBe(
      "engine local: there is no socket at unix:///nowhere/docker.sock: is the engine running, and is the socket mounted into Wakegate's container at this path?",
    );
  });

  test("says that nothing listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(connect({}, `tcp://127.0.0.1:${String(port)}`).inspect("blog", never));
    expect(error).toMatchObject({ code: "engine_unreachable" });
    expect(error.message).toContain(`nothing listens at tcp://127.0.0.1:${String(port)}`);
  });

  test("says what is at the address when it is no engine", async () => {
    await using folder = await tempFolder("no-engine");
    const path = join(folder.path, "s.sock");
    const server = createServer((socket) =>
      socket.on("error", () => undefined).end("SSH-2.0-OpenSSH_9.2\r\n"),
    );
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const error = await failure(connect({}, `unix://${path}`).inspect("blog", never));
    expect(error).toMatchObject({ code: "engine_unreachable" });
    expect(error.message).toContain("does not answer in HTTP");
    server.close();
  });

  test("says when TLS meets a plain port", async () => {
    const tcp = await FakeDocker.start("tcp");
    opened.push(tcp);
    const error = await failure(connect({}, tcp.url.replace("tcp:", "https:")).inspect("blog", never));
    expect(error).toMatchObject({ code: "engine_unreachable" });
    expect(error.message).toContain("it does not speak TLS at this port");
  });
});

describe("the environment", () => {
  test("has no say: neither a DOCKER_HOST nor a broken one", async () => {
    docker.add("blog");
    for (const host of ["tcp://127.0.0.1:1", "unix:///nowhere", "ssh://root@nowhere", "tcp://["]) {
      vi.stubEnv("DOCKER_HOST", host);
      vi.stubEnv("DOCKER_TLS_VERIFY", "1");
      vi.stubEnv("DOCKER_CERT_PATH", "/nowhere");
      await using provider = await openProvider(
        { kind: "docker", name: "local", url: docker.url },
        { clock: systemClock },
      );
      expect(await provider.inspect("blog", never)).toMatchObject({ name: "blog" });
      expect(process.env["DOCKER_HOST"]).toBe(host);
    }
  });

  test("of addresses knows no ssh", async () => {
    const spec = { kind: "docker", name: "local", url: "ssh://root@host" } as const;
    await expect(openProvider(spec, { clock: systemClock })).rejects.toMatchObject({ code: "not_supported" });
  });
});

describe("the API version", () => {
  test("is the lower of both newest", async () => {
    docker.add("blog");
    await connect().inspect("blog", never);
    expect(docker.rawCalls.at(-1)).toBe("GET /v1.41/containers/blog/json");
    docker.apiVersion = "1.99";
    docker.minApiVersion = "1.44";
    await connect().inspect("blog", never);
    expect(docker.rawCalls.at(-1)).toBe("GET /v1.51/containers/blog/json");
  });

  test("says which side is to be updated when there is none in common", async () => {
    docker.apiVersion = "1.99";
    docker.minApiVersion = "1.60";
    const tooNew = await failure(connect().inspect("blog", never));
    expect(tooNew.code).toBe("engine_incompatible");
    expect(tooNew.message).toContain("wants API 1.60 at least, this Wakegate speaks 1.51: update Wakegate");
    docker.apiVersion = "1.20";
    docker.minApiVersion = "1.12";
    const tooOld = await failure(connect().inspect("blog", never));
    expect(tooOld.code).toBe("engine_incompatible");
    expect(tooOld.message).toContain("update the engine");
  });
});

describe("calls", () => {
  test("have a deadline, and tell a caller's abort from it", async () => {
    docker.add("blog");
    docker.intercept = ({ path }) => path.endsWith("/blog/json");
    const provider = connect({ deadlines: { inspect: 80 } });
    const error = await failure(provider.inspect("blog", never));
    expect(error.code).toBe("engine_timeout");
    expect(error.message).toContain('did not answer "inspect" within 80 ms');
    const reason = new Error("gone");
    const caller = new AbortController();
    setTimeout(() => caller.abort(reason), 20);
    await expect(provider.inspect("blog", caller.signal)).rejects.toBe(reason);
  });

  test("look once more when the connection of a look is cut", async () => {
    docker.add("blog");
    let cuts = 0;
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/json") || cuts++ > 0) return false;
      response.destroy();
      return true;
    };
    expect(await connect().inspect("blog", never)).toMatchObject({ name: "blog" });
    expect(cuts).toBe(2);
  });

  test("take a look anew on a connection of its own where the kept ones are cut; what changes something never uses those", async () => {
    const { id } = docker.add("blog");
    const known = new Set<unknown>();
    const cut: string[] = [];
    docker.intercept = ({ method, path, request, response }) => {
      if (known.has(request.socket)) {
        cut.push(`${method} ${path.slice(path.lastIndexOf("/"))}`);
        response.destroy();
        return true;
      }
      if (known.size < 3) known.add(request.socket);
      return false;
    };
    const provider = connect();
    await provider.inspect("blog", never);
    await Promise.all([1, 2].map(() => provider.inspect("blog", never)));
    cut.length = 0;
    await provider.wake({ id, status: "exited" }, never);
    expect(cut.filter((call) => call.startsWith("POST"))).toEqual([]);
    expect(await provider.inspect("blog", never)).toMatchObject({ name: "blog", status: "running" });
    expect(cut.length).toBeGreaterThan(0);
  });

  test("fail at once when an answer is cut in the middle", async () => {
    docker.add("blog");
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/blog/json")) return false;
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "500" });
      response.write('{"Id":"', () => response.destroy());
      return true;
    };
    const error = await failure(connect().inspect("blog", never));
    expect(error.code).toBe("engine_unreachable");
  });

  test("carry the engine's own words for a failure", async () => {
    const { id } = docker.add("blog");
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/start")) return false;
      sendError(response, 500, "driver failed programming external connectivity: port is already allocated");
      return true;
    };
    const error = await failure(connect().wake({ id, status: "exited" }, never));
    expect(error).toMatchObject({ code: "engine_failed" });
    expect(error.message).toContain(
      '"start" failed (500): driver failed programming external connectivity: port is',
    );
  });

  test("take a missing network, which is a 404 as well, for a failure of the start", async () => {
    const { id } = docker.add("blog");
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/start")) return false;
      sendError(response, 404, "network blog_default not found");
      return true;
    };
    const error = await failure(connect().wake({ id, status: "exited" }, never));
    expect(error).toMatchObject({ code: "engine_failed" });
    expect(error.message).toContain("network blog_default not found");
  });

  test("never put more than a name or id into a path", async () => {
    const provider = connect();
    for (const ref of ["", "../version", "a?b", "a/b", "a b", "ä", "a#", "%2e", ".hidden"]) {
      expect(await provider.inspect(ref, never)).toBeUndefined();
      const error = await failure(provider.wake({ id: ref, status: "exited" }, never));
      expect(error.code).toBe("not_found");
    }
    expect(docker.calls.filter((call) => call !== "GET /version")).toEqual([]);
  });

  test("do not take the beginning of an id for a name", async () => {
    const container = docker.add("blog", { id: "cafe".padEnd(64, "0") });
    docker.intercept = ({ path, response }) => {
      if (path !== "/containers/cafe/json") return false;
      sendJson(response, 200, toInspected(container));
      return true;
    };
    expect(await connect().inspect("cafe", never)).toBeUndefined();
    expect(await connect().inspect(container.id.slice(0, 12), never)).toBeUndefined();
  });

  test("follow no redirection", async () => {
    docker.add("blog");
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/blog/json")) return false;
      response.writeHead(302, { Location: "/login" }).end();
      return true;
    };
    const error = await failure(connect().inspect("blog", never));
    expect(error.message).toContain('"inspect" failed (302)');
  });

  test("to start carry no body", async () => {
    const { id } = docker.add("blog");
    let length: string | undefined;
    docker.intercept = ({ path, request }) => {
      if (path.endsWith("/start"))
        length = request.headers["content-length"] ?? request.headers["transfer-encoding"];
      return false;
    };
    await connect().wake({ id, status: "exited" }, never);
    expect(length ?? "0").toBe("0");
    expect(docker.containers.get(id)?.status).toBe("running");
  });
});

describe("a stop", () => {
  test("that was answered with success but did nothing is a failure", async () => {
    const { id } = docker.add("blog", { status: "running" });
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/stop")) return false;
      response.writeHead(204).end();
      return true;
    };
    const error = await failure(connect().sleep(id, { method: "stop" }, never));
    expect(error.message).toContain("blog is still running after the stop");
  });

  test("that failed or never answered is a success when the container is down", async () => {
    const container = docker.add("blog", { status: "running" });
    docker.intercept = ({ path }) => {
      if (!path.endsWith("/stop")) return false;
      container.status = "exited";
      return true;
    };
    await connect({ deadlines: { stop: 50 } }).sleep(container.id, { method: "stop", timeoutMs: 0 }, never);
  });

  test("that is not modified, of what is gone a moment later, is a success", async () => {
    const container = docker.add("blog", { status: "running" });
    docker.intercept = ({ path, response }) => {
      if (!path.endsWith("/stop")) return false;
      docker.containers.clear();
      response.writeHead(304).end();
      return true;
    };
    await connect().sleep(container.id, { method: "stop" }, never);
  });

  test("hands grace and signal to an engine that knows both", async () => {
    docker.apiVersion = "1.43";
    const { id } = docker.add("blog", { status: "running" });
    await connect().sleep(id, { method: "stop", signal: "SIGINT", timeoutMs: 1500 }, never);
    expect(docker.rawCalls).toContain(`POST /v1.43/containers/${id}/stop?t=2&signal=SIGINT`);
  });
});
