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

const ALL = [
  "Datastore.AllocateSpace",
  "Datastore.Audit",
  "Permissions.Modify",
  "Pool.Audit",
  "Realm.AllocateUser",
  "SDN.Audit",
  "Sys.Audit",
  "Sys.Modify",
  "User.Modify",
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.Disk",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.Monitor",
  "VM.PowerMgmt",
];

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
    const paths = new Set(["/", "/vms", "/nodes", "/storage", ...this.#grants.map(({ path }) => path)]);
    return Object.fromEntries(
      [...paths].flatMap((path) => {
        const rights = this.at(who, path);
        return rights.size > 0 ? [[path, Object.fromEntries(rights)] as const] : [];
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
