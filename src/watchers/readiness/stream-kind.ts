import type { TargetSpec } from "../../config/model.ts";

/** How a target that speaks something other than HTTP is asked; undefined: not in this way. */
export function streamKindOf(
  spec: TargetSpec,
): "tcp" | "postgres" | "mysql" | "redis" | "minecraft" | undefined {
  const { kind } = spec.readiness;
  switch (kind) {
    case "tcp":
    case "postgres":
    case "mysql":
    case "redis":
    case "minecraft":
      return kind;
    case "auto": {
      const [first] = spec.tcp ?? [];
      if (!first || spec.routes.length > 0) return undefined;
      return (first.protocol ?? spec.stream.protocol) === "minecraft" ? "minecraft" : "tcp";
    }
    case "http":
    case "healthcheck":
    case "none":
      return undefined;
  }
}
