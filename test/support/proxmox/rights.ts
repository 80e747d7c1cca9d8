import { randomUUID } from "node:crypto";
import { ApiError, forbidden } from "./answers.ts";
import { principalText, type Principal } from "./world.ts";

interface Token {
  readonly secret: string;
  readonly separated: boolean;
  expired: boolean;
}

interface Grant {
  readonly path: string;
  readonly who: string;
  readonly role: string;
  readonly propagate: boolean;
}

/** All rights of 8.4: what root has everywhere. */
const ALL = [
  ...["Allocate", "AllocateSpace", "AllocateTemplate", "Audit"].map((right) => `Datastore.${right}`),
  ...["Audit", "Modify", "Use"].map((right) => `Mapping.${right}`),
  ...["Allocate", "Audit"].map((right) => `Pool.${right}`),
  ...["Allocate", "AllocateUser"].map((right) => `Realm.${right}`),
  ...["Allocate", "Audit", "Use"].map((right) => `SDN.${right}`),
  ...["AccessNetwork", "Audit", "Console", "Incoming", "Modify", "PowerMgmt", "Syslog"].map(
    (right) => `Sys.${right}`,
  ),
  ...["Allocate", "Audit", "Backup", "Clone", "Console", "Migrate", "Monitor", "PowerMgmt"].map(
    (right) => `VM.${right}`,
  ),
  ...["CDROM", "CPU", "Cloudinit", "Disk", "HWType", "Memory", "Network", "Options"].map(
    (right) => `VM.Config.${right}`,
  ),
  "Group.Allocate",
  "Permissions.Modify",
  "User.Modify",
  "VM.Snapshot",
  "VM.Snapshot.Rollback",
];

/** Paths that are looked at in any case. */
const PATHS = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

/** Kinds of rights that a login is told, for the web interface. */
const CAPABILITIES: Readonly<Record<string, RegExp>> = {
  vms: /^(VM\.|Permissions\.Modify)/,
  access: /^((User|Group)\.|Permissions\.Modify)/,
  storage: /^(Datastore\.|Permissions\.Modify)/,
  nodes: /^(Sys\.|Permissions\.Modify)/,
  sdn: /^(SDN\.|Permissions\.Modify)/,
  dc: /^(Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(Mapping\.|Permissions\.Modify)/,
};

/** Users, tokens, roles and who may do what: the part of the access control that guests need. */
export class Rights {
  readonly roles = new Map<string, ReadonlySet<string>>([
    ["PVEVMUser", new Set(["VM.Audit", "VM.PowerMgmt"])],
    ["PVEAuditor", new Set(["Datastore.Audit", "Pool.Audit", "Sys.Audit", "VM.Audit"])],
  ]);
  readonly users = new Map<string, { password: string; enabled: boolean }>([
    ["root@pam", { password: "root-password", enabled: true }],
  ]);
  readonly #tokens = new Map<string, Token>();
  #grants: Grant[] = [];

  /** Makes a token; returns its secret. */
  addToken(user: string, name: string, separated: boolean): string {
    const secret = randomUUID();
    this.#tokens.set(`${user}!${name}`, { secret, separated, expired: false });
    return secret;
  }

  token(id: string): Token | undefined {
    return this.#tokens.get(id);
  }

  expire(id: string): void {
    const token = this.#tokens.get(id);
    if (token) token.expired = true;
  }

  grant(path: string, who: string, role: string, propagate = true): void {
    this.revoke(path, who);
    this.#grants.push({ path, who, role, propagate });
  }

  revoke(path: string, who: string): void {
    this.#grants = this.#grants.filter((grant) => grant.path !== path || grant.who !== who);
  }

  /** Rights at a path, each with whether it holds below. A separated token never has more than its user. */
  at(who: Principal, path: string): ReadonlyMap<string, number> {
    if (who.token === undefined) return this.#of(who.user, path);
    const users = this.#of(who.user, path);
    const token = this.#tokens.get(principalText(who));
    if (!token?.separated) return users;
    const own = this.#of(principalText(who), path);
    return new Map([...own].filter(([right]) => users.has(right)));
  }

  check(who: Principal, path: string, right: string): void {
    if (!this.has(who, path, right)) throw forbidden(path, right);
  }

  has(who: Principal, path: string, right: string): boolean {
    return this.at(who, path).has(right);
  }

  /** As /access/permissions shows them: every path that has a grant, where something is left. */
  effective(who: Principal): Readonly<Record<string, Readonly<Record<string, number>>>> {
    const paths = new Set([...PATHS, ...this.#grants.map(({ path }) => path)]);
    return Object.fromEntries(
      [...paths].flatMap((path) => {
        const rights = this.at(who, path);
        return rights.size > 0 ? [[path, Object.fromEntries(rights)] as const] : [];
      }),
    );
  }

  /** What a login is told of the rights that it has anywhere. */
  capabilities(who: Principal): Readonly<Record<string, Readonly<Record<string, 1>>>> {
    const own = new Set(Object.values(this.effective(who)).flatMap((rights) => Object.keys(rights)));
    return Object.fromEntries(
      Object.entries(CAPABILITIES).flatMap(([kind, pattern]) => {
        const fitting = [...own].filter((right) => pattern.test(right));
        return fitting.length > 0
          ? [[kind, Object.fromEntries(fitting.map((right) => [right, 1 as const]))]]
          : [];
      }),
    );
  }

  #of(who: string, path: string): ReadonlyMap<string, number> {
    if (who === "root@pam") return new Map(ALL.map((right) => [right, 1]));
    for (let here = path; ; here = here.slice(0, here.lastIndexOf("/")) || "/") {
      const grants = this.#grants.filter((grant) => grant.who === who && grant.path === here);
      const valid = grants.filter(({ propagate }) => propagate || here === path);
      if (valid.length > 0) {
        return new Map(
          valid.flatMap(({ role, propagate }) =>
            [...(this.roles.get(role) ?? [])].map((right) => [right, propagate ? 1 : 0] as const),
          ),
        );
      }
      if (here === "/") return new Map();
    }
  }
}

/** The administrator's calls are checked coarsely: only root makes them here. */
export function onlyRoot({ user }: Principal, path: string, right: string): void {
  if (user !== "root@pam") throw new ApiError(403, `Permission check failed (${path}, ${right})`);
}
