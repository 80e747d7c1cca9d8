import type { Service, ServiceSpec } from "./api.ts";

/**
 * Label in which a sleeping service keeps its number of replicas. It is the service's own, so it survives Wakegate,
 * and changing it starts no task anew.
 */
export const REMEMBERED = "wakegate-replicas";

/** The specification of a service asleep. Pure. */
export function asleep({ Spec }: Service): ServiceSpec {
  const replicas = Spec.Mode.Replicated?.Replicas ?? 1;
  return {
    ...Spec,
    Labels: { ...Spec.Labels, [REMEMBERED]: String(replicas) },
    Mode: { Replicated: { Replicas: 0 } },
  };
}

/**
 * The specification of a service awake: with the replicas that it had when we put it to sleep, else before somebody
 * else scaled it to 0, else one. Pure.
 */
export function awake({ Spec, PreviousSpec }: Service): ServiceSpec {
  const { [REMEMBERED]: remembered, ...labels } = Spec.Labels ?? {};
  const replicas = Number(remembered) || PreviousSpec?.Mode.Replicated?.Replicas || 1;
  return { ...Spec, Labels: labels, Mode: { Replicated: { Replicas: replicas } } };
}

/** The specification of a service whose tasks all ended and that its policy leaves so: the same, once more. Pure. */
export function again({ Spec }: Service): ServiceSpec {
  const { ForceUpdate = 0 } = Spec.TaskTemplate;
  return { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, ForceUpdate: ForceUpdate + 1 } };
}
