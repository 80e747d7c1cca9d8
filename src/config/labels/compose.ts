import type { DependencySpec } from "../model.ts";
import { parseDependency } from "../values/dependency.ts";

/** What Docker Compose wrote on a container. */
export interface ComposeLabels {
  readonly project?: string;
  readonly service?: string;
  /** Number of the container among its service's replicas, from 1. */
  readonly number?: string;
  /** Made by `docker compose run`: never a target. */
  readonly oneOff: boolean;
  /** Undefined where Compose wrote nothing. Entries that cannot be read are left out. */
  readonly dependsOn?: readonly DependencySpec[];
}

/** Reads `com.docker.compose.*` labels. Never throws. */
export function readComposeLabels(labels: Readonly<Record<string, string>>): ComposeLabels {
  const text = (name: string): string | undefined =>
    labels[`com.docker.compose.${name}`]?.trim() || undefined;
  const [project, service, number, dependsOn] = [
    text("project"),
    text("service"),
    text("container-number"),
    text("depends_on"),
  ];
  const dependencies = dependsOn?.split(",").flatMap((entry) => {
    const parsed = parseDependency(entry);
    return parsed.ok ? [parsed.value] : [];
  });
  return {
    ...(project === undefined ? {} : { project }),
    ...(service === undefined ? {} : { service }),
    ...(number === undefined ? {} : { number }),
    oneOff: text("oneoff")?.toLowerCase() === "true",
    ...(dependencies ? { dependsOn: dependencies } : {}),
  };
}

/**
 * The network's name as the engine knows it. People write the name that it has in their Compose file, which Compose
 * gives the project in front.
 */
export function networkNameOf(
  written: string | undefined,
  networks: readonly { readonly name: string }[],
  project: string | undefined,
): string | undefined {
  if (written === undefined || project === undefined) return written;
  const has = (wanted: string): boolean => networks.some(({ name }) => name === wanted);
  const composed = `${project}_${written}`;
  return !has(written) && has(composed) ? composed : written;
}
