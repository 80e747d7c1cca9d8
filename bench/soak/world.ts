import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { FakeDocker, sendError, sendJson } from "../../test/support/fake-docker.ts";
import { freePort } from "../../test/support/free-port.ts";
import { SoakApp } from "./app.ts";
import { between, chance, pick } from "./dice.ts";
import { Pulse } from "./pulse.ts";

/** What a disturbance may explain for so long: cool-downs of failed wakes grow to a minute. */
const EXPLAINS_MS = 75_000;
/** One start in so many fails. */
const FAILING_STARTS = 1 / 300;

/** The engine and its apps: Docker's API simulated, apps as real servers on this machine's loopback. */
export class SoakWorld implements AsyncDisposable {
  readonly docker: FakeDocker;
  readonly pulse = new Pulse();
  readonly apps: SoakApp[] = [];
  starts = 0;
  stops = 0;
  /** When the engine was last away, or cut a connection. */
  #outageAt = 0;
  #away = false;
  #incarnations = 0;

  private constructor(docker: FakeDocker) {
    this.docker = docker;
    docker.intercept = ({ method, path, response }) => this.#answer(method, path, response);
  }

  /** Starts the engine with so many apps, all asleep. */
  static async open(web: number, tcp: number): Promise<SoakWorld> {
    const world = new SoakWorld(await FakeDocker.start());
    for (let n = 0; n < web + tcp; n++) {
      const app = new SoakApp(`${n < web ? "web" : "tcp"}-${String(n)}`, n < web ? "web" : "tcp");
      await app.open();
      if (app.kind === "tcp") app.listen = await freePort();
      world.apps.push(app);
      world.#create(app);
    }
    return world;
  }

  any(kind: SoakApp["kind"]): SoakApp {
    return pick(this.apps.filter((app) => app.kind === kind));
  }

  /** Nobody and nothing but Wakegate has had a hand in how this app stands, the machine's own breath included. */
  isCalm(app: SoakApp): boolean {
    return Date.now() - Math.max(app.disturbedAt, this.#outageAt, this.pulse.stoodStillAt) > EXPLAINS_MS;
  }

  /** A person stops it, or starts it, or an updater makes it anew. */
  async meddle(app: SoakApp): Promise<void> {
    const { container } = app;
    if (!container) return;
    app.disturbedAt = Date.now();
    if (chance(0.3)) {
      this.#become(app, "exited", "kill", "die", "stop", "destroy");
      this.docker.containers.delete(container.id);
      await pause(between(100, 2_000));
      this.#create(app);
    } else if (container.status === "running") this.#become(app, "exited", "kill", "die", "stop");
    else if (container.status === "exited") this.#become(app, "running", "start");
    app.disturbedAt = Date.now();
  }

  /** The engine cuts every connection. */
  cut(): void {
    this.#outageAt = Date.now();
    this.docker.reset();
  }

  /** The engine answers nothing but errors for a while. */
  async goAway(ms: number): Promise<void> {
    this.#away = true;
    this.cut();
    await pause(ms);
    this.#away = false;
    this.#outageAt = Date.now();
  }

  #create(app: SoakApp): void {
    const id = `${(++this.#incarnations).toString(16)}${Buffer.from(app.name).toString("hex")}`;
    const method = chance(0.3) ? "pause" : "stop";
    app.container = this.docker.add(app.name, {
      id: id.padStart(64, "0"),
      labels: {
        "wakegate.enable": "true",
        "wakegate.address": `127.0.0.1:${String(app.port)}`,
        "wakegate.port": String(app.port),
        "wakegate.foreign_stop_grace": "1s",
        "wakegate.stop_method": method,
        ...(app.kind === "web"
          ? { "wakegate.hosts": app.host, "wakegate.page_after": chance(0.5) ? "0s" : "1s" }
          : { "wakegate.tcp": `127.0.0.1:${String(app.listen)}:${String(app.port)}` }),
      },
    });
    this.docker.emit(app.container.id, "create");
  }

  #answer(method: string, path: string, response: ServerResponse): boolean {
    // The double writes down every call, for tests; a soak would fill the memory with them.
    this.docker.calls.length = 0;
    this.docker.rawCalls.length = 0;
    if (this.#away) {
      sendError(response, 500, "the engine is away");
      return true;
    }
    const [, , id = "", verb = ""] = path.split("/");
    const app = this.apps.find(({ container }) => container?.id === id);
    if (!app || verb === "json" || verb === "") return false;
    if (method === "GET") {
      if (verb === "stats") sendJson(response, 200, STATS);
      else response.end();
      return true;
    }
    void this.#act(app, verb, response);
    return true;
  }

  async #act(app: SoakApp, verb: string, response: ServerResponse): Promise<void> {
    const { status } = app.container ?? {};
    await pause(between(10, verb === "start" ? 200 : 50));
    if (verb === "start" && chance(FAILING_STARTS)) {
      app.disturbedAt = Date.now();
      return sendError(response, 500, "driver failed programming external connectivity");
    }
    if (verb === "start" && status !== "running" && status !== "paused")
      this.#become(app, "running", "start");
    else if (verb === "stop" && status !== "exited") this.#become(app, "exited", "kill", "die", "stop");
    else if (verb === "pause" && status === "running") this.#become(app, "paused", "pause");
    else if (verb === "unpause" && status === "paused") this.#become(app, "running", "unpause");
    response.writeHead(204).end();
  }

  #become(app: SoakApp, status: string, ...actions: readonly string[]): void {
    const { container } = app;
    if (!container) return;
    if (status === "running") {
      if (container.status !== "paused") container.startedAt = new Date().toISOString();
      app.comesUp(container.status === "paused" ? 0 : between(20, 500));
      this.starts += 1;
    } else {
      app.goesDown();
      this.stops += 1;
    }
    container.status = status;
    for (const action of actions) this.docker.emit(container.id, action);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pulse[Symbol.dispose]();
    await this.docker[Symbol.asyncDispose]();
    for (const app of this.apps) await app[Symbol.asyncDispose]();
  }
}

/** Counters that never move: whether an app is used is seen at the gate. */
const STATS = {
  networks: { eth0: { rx_bytes: 1_000, tx_bytes: 1_000 } },
  cpu_stats: { cpu_usage: { total_usage: 1_000_000 } },
  memory_stats: { usage: 50_000_000, stats: {} },
};
