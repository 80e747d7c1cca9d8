import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubernetesEngineSpec } from "../../../src/config/model/engine.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { KubernetesProvider, type KubernetesTuning } from "../../../src/providers/kubernetes/provider.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { KINDS, type Kind } from "../../support/kubernetes/kinds.ts";
import { service, workload, type AppOptions } from "../../support/kubernetes/manifests.ts";
import { Simulator } from "../../support/kubernetes/simulator.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

/** A signal that never aborts. */
export const never = new AbortController().signal;

/** A simulated cluster with a provider of it. */
export class Rig implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly folder: TempFolder;
  /** What the provider said. */
  readonly said: string[] = [];
  readonly #parts: AsyncDisposable[] = [];

  private constructor(simulator: Simulator, folder: TempFolder) {
    this.simulator = simulator;
    this.folder = folder;
  }

  static async open(): Promise<Rig> {
    const simulator = await Simulator.start();
    simulator.addToken("secret");
    return new Rig(simulator, await tempFolder("kubernetes"));
  }

  get kubeconfig(): string {
    return join(this.folder.path, "kubeconfig");
  }

  /** A provider that is let in by this token. */
  async provider(
    { token = "secret", ...spec }: Partial<KubernetesEngineSpec> & { readonly token?: string } = {},
    tuning: KubernetesTuning = {},
  ): Promise<KubernetesProvider> {
    await writeFile(this.kubeconfig, this.simulator.kubeconfig(token));
    return this.open(
      { name: "home", kubeconfig: { file: this.kubeconfig }, servicesReachable: true, ...spec },
      tuning,
    );
  }

  open(spec: Omit<KubernetesEngineSpec, "kind">, tuning: KubernetesTuning = {}): KubernetesProvider {
    const provider = new KubernetesProvider(
      { kind: "kubernetes", ...spec },
      {
        clock: systemClock,
        log: (_level, message, data) => void this.said.push(`${message} ${JSON.stringify(data)}`),
      },
      {
        ...tuning,
        watch: {
          backoff: { firstMs: 10, maxMs: 50 },
          refused: { firstMs: 10, maxMs: 50 },
          departuresMs: 50,
          spacingMs: 20,
          ...tuning.watch,
        },
      },
    );
    this.#parts.push(provider);
    return provider;
  }

  /** Watches until the rig is closed; resolves when the first listing or outage was told. */
  async watch(provider: KubernetesProvider): Promise<RecordingSink> {
    const sink = new RecordingSink();
    const stop = new AbortController();
    const done = provider.watch(sink, stop.signal);
    this.#parts.push({
      [Symbol.asyncDispose]: () => {
        stop.abort(new Error("the test is over"));
        return done;
      },
    });
    await sink.until("told", ({ seen }) => seen.length > 0);
    return sink;
  }

  /** Resolves when the provider has said something that begins like this. */
  async heard(beginning: string): Promise<void> {
    for (let tries = 0; !this.said.some((line) => line.startsWith(beginning)); tries++) {
      if (tries > 1_200) throw new Error(`never said ${beginning}, but ${this.said.join("; ")}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** An app with a Service of its name; returns its id. */
  app(name: string, options: AppOptions = {}, kind: Kind = KINDS.deployments): string {
    const { namespace = "default" } = options;
    this.simulator.create(kind, workload(name, { replicas: 0, ...options }));
    this.simulator.create(KINDS.services, service(name, { namespace }));
    return `${namespace}/${kind.kind.toLowerCase()}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.reverse()) await part[Symbol.asyncDispose]();
    await this.simulator[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}
