import { ApiError, conflict, expired } from "./answers.ts";
import type { Controllers } from "./controllers.ts";
import { apiVersionOf, KINDS, type Kind, type KubeObject } from "./kinds.ts";
import type { Addresses } from "./network.ts";
import { allows, type Attempt, type Identity } from "./rbac.ts";
import { fieldMatcher, labelMatcher } from "./selectors.ts";
import type { Store } from "./store.ts";

/** A request, understood. */
export interface Asked {
  readonly attempt: Attempt;
  readonly method: string;
  readonly kind: Kind | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly type: string;
}

/** Reads path and method. @throws ApiError 404 for a path that no API server knows. */
export function understand(method: string, url: URL, body: unknown, type: string): Asked {
  const match =
    /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<sub>[^/]+))?$/.exec(
      url.pathname,
    )?.groups;
  if (!match) throw new ApiError(404, "NotFound", "the server could not find the requested resource");
  const { group = "", version = "v1", plural = "" } = match;
  const namespace = match["namespace"] === undefined ? undefined : decodeURIComponent(match["namespace"]);
  const name = match["name"] === undefined ? undefined : decodeURIComponent(match["name"]);
  const subresource = match["sub"];
  const query = url.searchParams;
  const watch = query.get("watch") === "true" || query.get("watch") === "1";
  const verb =
    method === "GET"
      ? name !== undefined
        ? "get"
        : watch
          ? "watch"
          : "list"
      : ({ POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }[method] ?? "unknown");
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const kind = Object.values(KINDS).find(
    (each) => each.group === group && each.version === version && each.plural === plural,
  );
  return {
    attempt: { verb, group, resource, namespace },
    method,
    kind,
    name,
    subresource,
    query,
    body,
    type,
  };
}

/** Pages that are being read: what was there when the first was asked for. */
interface Reading {
  readonly items: readonly KubeObject[];
  readonly revision: number;
}

/** What an API server answers to all but watches. */
export class Api {
  /** Whether metrics-server is installed. */
  metrics = true;
  readonly #store: Store;
  readonly #controllers: Controllers;
  readonly #addresses: Addresses;
  readonly #readings = new Map<string, Reading>();

  constructor(store: Store, controllers: Controllers, addresses: Addresses) {
    this.#store = store;
    this.#controllers = controllers;
    this.#addresses = addresses;
  }

  /** The answer's object, or the text of a log. @throws ApiError. */
  answer(asked: Asked, identity: Identity): object | string {
    const { attempt, kind, name } = asked;
    if (attempt.group === "authorization.k8s.io") return this.#review(asked, identity);
    if (attempt.group === "metrics.k8s.io") return this.#measure(asked);
    if (!kind) throw new ApiError(404, "NotFound", "the server could not find the requested resource");
    const namespace = attempt.namespace ?? "";
    switch (attempt.verb) {
      case "list":
        return this.#list(asked, kind);
      case "get":
        return this.#get(asked, kind, namespace, name ?? "");
      case "create":
        return this.#create(kind, namespace, asked.body as KubeObject);
      case "update":
        return this.#put(asked, kind, namespace, name ?? "");
      case "patch":
        return this.#patch(asked, kind, namespace, name ?? "");
      case "delete":
        this.#store.delete(kind, namespace, name ?? "");
        return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
      default:
        throw new ApiError(405, "MethodNotAllowed", "the server does not allow this method");
    }
  }

  fits({ query }: Asked): (object: KubeObject) => boolean {
    const labels = labelMatcher(query.get("labelSelector") ?? "");
    const fields = query.get("fieldSelector");
    const named = fields === null ? () => true : fieldMatcher(fields);
    return (object) => labels(object) && named(object);
  }

  #list(asked: Asked, kind: Kind): object {
    const { query, attempt } = asked;
    const limit = Number(query.get("limit") ?? 0);
    const token = query.get("continue");
    const fresh = (): Reading => ({
      items: this.#store.list(kind, attempt.namespace).filter(this.fits(asked)),
      revision: this.#store.revision,
    });
    const [id, from] = token?.split(":") ?? [];
    const reading = id === undefined ? fresh() : this.#readings.get(id);
    if (!reading || reading.revision < this.#store.oldest)
      throw expired(reading?.revision ?? 0, this.#store.oldest);
    const start = Number(from ?? 0);
    const end = limit > 0 ? start + limit : reading.items.length;
    const left = reading.items.length - end;
    const key = id ?? String(this.#readings.size + 1);
    if (left > 0) this.#readings.set(key, reading);
    return {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(reading.revision),
        ...(left > 0 && { continue: `${key}:${String(end)}`, remainingItemCount: left }),
      },
      // Items of a list say neither kind nor version.
      items: reading.items.slice(start, end).map(withoutType),
    };
  }

  #get({ subresource, query }: Asked, kind: Kind, namespace: string, name: string): object | string {
    const object = this.#store.mustGet(kind, namespace, name);
    if (subresource === undefined) return object;
    if (subresource === "scale") return scaleOf(object);
    if (kind !== KINDS.pods || subresource !== "log")
      throw new ApiError(404, "NotFound", "the server could not find the requested resource");
    const log = this.#controllers.log(object);
    if (log === undefined || log === "")
      throw new ApiError(
        400,
        "BadRequest",
        `container "app" in pod "${name}" is waiting to start: ContainerCreating`,
      );
    const lines = log.replace(/\n$/, "").split("\n");
    return `${lines.slice(-Number(query.get("tailLines") ?? lines.length)).join("\n")}\n`;
  }

  #create(kind: Kind, namespace: string, body: KubeObject): object {
    const metadata = { ...body.metadata, namespace };
    if (kind !== KINDS.services) return this.#store.create(kind, { ...body, metadata });
    const spec = body["spec"] as { clusterIP?: string };
    const clusterIP = spec.clusterIP ?? this.#addresses.next();
    return this.#store.create(kind, { ...body, metadata, spec: { ...spec, clusterIP } });
  }

  #put({ subresource, body }: Asked, kind: Kind, namespace: string, name: string): object {
    const given = body as KubeObject;
    const expected = given.metadata.resourceVersion ?? "";
    if (subresource === "scale") {
      const { replicas = 0 } = given["spec"] as { replicas?: number };
      const object = this.#store.update(kind, namespace, name, scaled(replicas), expected);
      return scaleOf(object);
    }
    return this.#store.update(
      kind,
      namespace,
      name,
      (before) => ({ ...given, metadata: { ...before.metadata, ...given.metadata } }),
      expected,
    );
  }

  #patch({ subresource, body, type }: Asked, kind: Kind, namespace: string, name: string): object {
    if (!/^application\/(merge|strategic-merge)-patch\+json/.test(type))
      throw new ApiError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
      );
    const patch = body as { metadata?: { resourceVersion?: string }; spec?: { replicas?: number } };
    const expected = patch.metadata?.resourceVersion;
    if (subresource === "scale") {
      const change = scaled(patch.spec?.replicas ?? 0);
      return scaleOf(this.#store.update(kind, namespace, name, change, expected));
    }
    const before = this.#store.mustGet(kind, namespace, name);
    if (expected !== undefined && expected !== before.metadata.resourceVersion) throw conflict(kind, name);
    return this.#store.update(kind, namespace, name, (object) => merge(object, patch) as KubeObject);
  }

  #review({ attempt, body }: Asked, identity: Identity): object {
    if (attempt.verb !== "create" || attempt.resource !== "selfsubjectaccessreviews")
      throw new ApiError(404, "NotFound", "the server could not find the requested resource");
    const { spec } = body as {
      spec: {
        resourceAttributes: {
          verb: string;
          group?: string;
          resource: string;
          subresource?: string;
          namespace?: string;
        };
      };
    };
    const { verb, group = "", resource, subresource, namespace } = spec.resourceAttributes;
    const full = subresource === undefined ? resource : `${resource}/${subresource}`;
    const allowed = allows(identity, { verb, group, resource: full, namespace: namespace || undefined });
    return {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      spec,
      status: { allowed },
    };
  }

  #measure(asked: Asked): object {
    const { attempt } = asked;
    if (!this.metrics)
      throw new ApiError(404, "NotFound", "the server could not find the requested resource");
    const items = this.#store
      .list(KINDS.pods, attempt.namespace)
      .filter((pod) => this.fits(asked)(pod) && this.#controllers.runs(pod))
      .map(({ metadata: { name, namespace } }) => ({
        metadata: { name, namespace },
        timestamp: new Date().toISOString(),
        window: "15s",
        containers: [{ name: "app", usage: { cpu: "12345678n", memory: "20480Ki" } }],
      }));
    return { kind: "PodMetricsList", apiVersion: "metrics.k8s.io/v1beta1", metadata: {}, items };
  }
}

function withoutType({ kind: _kind, apiVersion: _version, ...item }: KubeObject): object {
  return item;
}

function scaled(replicas: number): (object: KubeObject) => KubeObject {
  return (object) => ({ ...object, spec: { ...(object["spec"] as object), replicas } });
}

function scaleOf({ metadata, spec, status }: KubeObject): object {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { replicas = 1 } = spec as { replicas?: number };
  const now = (status as { replicas?: number } | undefined)?.replicas ?? 0;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas },
    status: { replicas: now },
  };
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(target as object | undefined) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
