import { KINDS, type Kind, type KubeObject } from "./kinds.ts";
import { Container, POD_PORT } from "./kubelet.ts";
import { ServicePortal, type Addresses } from "./network.ts";
import { isPodReady, podStatus, type PodFacts, type WorkloadSpec } from "./pods.ts";
import type { Store } from "./store.ts";

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly name?: string; readonly port: number }[];
}

interface LivePod {
  readonly container: Container;
  readonly address: string;
  readonly unschedulable?: string;
  readonly waiting?: NonNullable<PodFacts["waiting"]>;
}

const WORKLOADS: readonly Kind[] = [KINDS.deployments, KINDS.statefulsets];

/** What a cluster does by itself: controllers, scheduler, kubelets and kube-proxy in one. */
export class Controllers implements AsyncDisposable {
  /** Set: no node takes new pods, for this reason. */
  unschedulable: string | undefined;
  /** False: readiness gates of new and present pods stay closed. */
  gate = true;
  readonly #store: Store;
  readonly #addresses: Addresses;
  readonly #live = new Map<string, LivePod>();
  readonly #portals = new Map<string, ServicePortal>();
  readonly #subscription: Disposable;
  #serial = 0;
  #due = false;
  #stopped = false;

  constructor(store: Store, addresses: Addresses) {
    this.#store = store;
    this.#addresses = addresses;
    this.#subscription = store.happened.subscribe(() => this.poke());
  }

  /** Looks at everything soon. */
  poke(): void {
    if (this.#due || this.#stopped) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      if (!this.#stopped) this.#reconcile();
    });
  }

  /** Resolves when they have dealt with everything that was written, but for what processes do. */
  async settled(): Promise<void> {
    while (this.#due) await new Promise((resolve) => setImmediate(resolve));
  }

  /** What a pod's container wrote since its last start. */
  log(pod: KubeObject): string | undefined {
    return this.#live.get(pod.metadata.uid ?? "")?.container.log;
  }

  /** Whether a pod's container runs, for metrics. */
  runs(pod: KubeObject): boolean {
    return this.#live.get(pod.metadata.uid ?? "")?.container.view.state === "running";
  }

  /** Kills the processes of a workload's pods, as a node's out-of-memory killer does. */
  kill(workload: KubeObject): void {
    for (const pod of this.#podsOf(workload)) this.#live.get(pod.metadata.uid ?? "")?.container.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#subscription[Symbol.dispose]();
    for (const { container } of this.#live.values()) container.kill();
    await Promise.all([...this.#live.values()].map(({ container }) => container.stop()));
    await Promise.all([...this.#portals.values()].map((portal) => portal[Symbol.asyncDispose]()));
  }

  #reconcile(): void {
    const owners = new Set<string>();
    for (const kind of WORKLOADS) {
      for (const workload of this.#store.list(kind)) {
        owners.add(workload.metadata.uid ?? "");
        this.#scale(kind, workload);
        this.#report(kind, workload);
      }
    }
    for (const pod of this.#store.list(KINDS.pods)) {
      if (!owners.has(pod.metadata.ownerReferences?.[0]?.uid ?? "")) this.#remove(pod);
      this.#sync(pod);
    }
    for (const service of this.#store.list(KINDS.services)) this.#route(service);
  }

  #scale(kind: Kind, workload: KubeObject): void {
    const { replicas = 1 } = workload["spec"] as WorkloadSpec;
    const all = this.#podsOf(workload);
    const active = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    for (const pod of active.slice(replicas)) this.#remove(pod);
    // A StatefulSet's pod has a name of its own, and waits until the one before has left it.
    const free = kind === KINDS.deployments ? replicas - active.length : replicas - all.length;
    for (let index = 0; index < free; index++) this.#create(kind, workload, all.length + index);
  }

  #create(kind: Kind, workload: KubeObject, ordinal: number): void {
    const { template } = workload["spec"] as WorkloadSpec;
    const { name, namespace, uid = "" } = workload.metadata;
    this.#serial++;
    const suffix = kind === KINDS.deployments ? `7d9f-${String(this.#serial)}` : String(ordinal);
    const pod = this.#store.create(KINDS.pods, {
      metadata: {
        name: `${name}-${suffix}`,
        namespace,
        ...template.metadata,
        ownerReferences: [{ uid, kind: kind.kind, name }],
      },
      spec: template.spec,
      status: { phase: "Pending" },
    });
    const address = this.#addresses.next();
    const [container] = template.spec.containers;
    const missing = container?.image.includes("missing") === true;
    const waiting = missing
      ? { reason: "ImagePullBackOff", message: `Back-off pulling image "${container?.image ?? ""}"` }
      : undefined;
    const env = (container?.env ?? []).map(({ name, value = "" }) => [name, value] as const);
    const { unschedulable } = this;
    const stuck = waiting ?? (unschedulable === undefined ? undefined : { reason: "", message: "" });
    const live: LivePod = {
      address,
      ...(unschedulable !== undefined && { unschedulable }),
      ...(waiting && { waiting }),
      container: new Container(
        {
          env: Object.fromEntries(env),
          address,
          graceMs: (template.spec.terminationGracePeriodSeconds ?? 30) * 1_000,
          probed: container?.readinessProbe !== undefined,
          ...(stuck && { waiting: stuck }),
        },
        () => this.poke(),
      ),
    };
    this.#live.set(pod.metadata.uid ?? "", live);
  }

  /** Marks it as going; its object goes when its container has. */
  #remove(pod: KubeObject): void {
    const { name, namespace, uid = "", deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) return;
    this.#store.update(KINDS.pods, namespace, name, (before) => ({
      ...before,
      metadata: { ...before.metadata, deletionTimestamp: new Date().toISOString() },
    }));
    const gone = (): void => {
      this.#live.delete(uid);
      if (!this.#stopped && this.#store.get(KINDS.pods, namespace, name)?.metadata.uid === uid)
        this.#store.delete(KINDS.pods, namespace, name);
    };
    void (this.#live.get(uid)?.container.stop() ?? Promise.resolve()).then(gone);
  }

  #sync(pod: KubeObject): void {
    const { name, namespace, uid = "" } = pod.metadata;
    const live = this.#live.get(uid);
    if (!live || !this.#store.get(KINDS.pods, namespace, name)) return;
    const spec = pod["spec"] as WorkloadSpec["template"]["spec"];
    const gate = this.gate || !spec.readinessGates?.length;
    this.#store.update(KINDS.pods, namespace, name, (before) => ({
      ...before,
      status: podStatus(before, { ...live, view: live.container.view, gate }),
    }));
  }

  #report(kind: Kind, workload: KubeObject): void {
    const { name, namespace } = workload.metadata;
    const active = this.#podsOf(workload).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const ready = active.filter(isPodReady).length;
    this.#store.update(kind, namespace, name, (before) => ({
      ...before,
      status: {
        observedGeneration: before.metadata.generation,
        ...(active.length > 0 && { replicas: active.length, updatedReplicas: active.length }),
        ...(ready > 0 && { readyReplicas: ready, availableReplicas: ready }),
      },
    }));
  }

  /** Keeps the EndpointSlice of a Service, and its address, in step with the pods. */
  #route(service: KubeObject): void {
    const { name, namespace } = service.metadata;
    const { clusterIP, selector = {}, ports = [] } = service["spec"] as ServiceSpec;
    const pods = this.#store
      .list(KINDS.pods, namespace)
      .filter(({ metadata: { labels = {} } }) =>
        Object.entries(selector).every(([key, value]) => labels[key] === value),
      );
    const endpoints = pods.flatMap((pod) => {
      const live = this.#live.get(pod.metadata.uid ?? "");
      if (!live || live.unschedulable !== undefined) return [];
      const terminating = pod.metadata.deletionTimestamp !== undefined;
      const ready = isPodReady(pod) && !terminating;
      return [
        {
          addresses: [live.address],
          conditions: { ready, serving: isPodReady(pod), terminating },
          targetRef: { kind: "Pod", name: pod.metadata.name, namespace },
        },
      ];
    });
    const slice: KubeObject = {
      metadata: { name: `${name}-x7k2p`, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints,
      ports: ports.map(({ name }) => ({ name: name ?? "", port: POD_PORT, protocol: "TCP" })),
    };
    const existing = this.#store.get(KINDS.endpointslices, namespace, slice.metadata.name);
    if (!existing) this.#store.create(KINDS.endpointslices, slice);
    else
      this.#store.update(KINDS.endpointslices, namespace, slice.metadata.name, (before) => ({
        ...before,
        endpoints,
        ports: slice["ports"],
      }));
    if (clusterIP === undefined || clusterIP === "None") return;
    const backends = endpoints
      .filter(({ conditions }) => conditions.ready)
      .map(({ addresses }) => ({ host: addresses[0] ?? "", port: POD_PORT }));
    for (const { port } of ports) {
      const key = `${clusterIP}:${String(port)}`;
      const portal = this.#portals.get(key) ?? new ServicePortal(clusterIP, port);
      this.#portals.set(key, portal);
      portal.lead(backends);
    }
  }

  /** The order in which pods were made. */
  #ageOf({ metadata: { uid = "" } }: KubeObject): number {
    return [...this.#live.keys()].indexOf(uid);
  }

  #podsOf({ metadata: { uid, namespace } }: KubeObject): KubeObject[] {
    return this.#store
      .list(KINDS.pods, namespace)
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid)
      .sort((a, b) => this.#ageOf(a) - this.#ageOf(b));
  }
}
