import { ApiError, badParameters } from "./answers.ts";
import { onlyRoot } from "./rights.ts";
import { any, flag, integer, type Route } from "./route.ts";
import type { Call } from "./world.ts";

const done = { data: null };
const admin = ({ who }: Call, path = "/access", right = "Permissions.Modify"): void =>
  onlyRoot(who, path, right);

/** Login, users, tokens, roles and rights. */
export const access: readonly Route[] = [
  {
    is: "GET /version",
    answer: ({ world }) => ({
      data: {
        release: world.release.split(".").slice(0, 2).join("."),
        version: world.release,
        repoid: "2606ac850d46da29",
      },
    }),
  },
  {
    is: "GET /access/domains",
    open: true,
    answer: () => ({
      data: [
        { type: "pam", realm: "pam", comment: "Linux PAM standard authentication" },
        { type: "pve", realm: "pve", comment: "Proxmox VE authentication server" },
      ],
    }),
  },
  {
    is: "GET /access/permissions",
    takes: { path: any, userid: any },
    answer: ({ world, who, params }) => {
      const { path } = params;
      if (path === undefined) return { data: world.rights.effective(who) };
      return { data: { [path]: Object.fromEntries(world.rights.at(who, path)) } };
    },
  },
  {
    is: "POST /access/users",
    takes: { userid: any, password: any, comment: any, enable: flag },
    required: ["userid"],
    protected: true,
    answer: (call) => {
      admin(call);
      const { userid = "", password = "" } = call.params;
      if (!/^[^\s:/]+@[\w.-]+$/.test(userid))
        throw badParameters({
          userid: `invalid format - value '${userid}' does not look like a valid user name\n`,
        });
      if (call.world.rights.users.has(userid))
        throw new ApiError(500, `create user failed: user '${userid}' already exists`);
      call.world.rights.users.set(userid, { password, enabled: true });
      return done;
    },
  },
  {
    is: "POST /access/users/{userid}/token/{tokenid}",
    takes: { privsep: flag, expire: integer, comment: any },
    protected: true,
    answer: (call) => {
      admin(call);
      const { userid = "", tokenid = "" } = call.path;
      const { privsep = "1", expire } = call.params;
      const full = `${userid}!${tokenid}`;
      if (call.world.rights.token(full)) throw badParameters({ tokenid: "Token already exists." });
      const value = call.world.rights.addToken(userid, tokenid, privsep === "1");
      const past = expire !== undefined && Number(expire) > 0 && Number(expire) < Date.now() / 1_000;
      if (past) call.world.rights.expire(full);
      return {
        data: { "full-tokenid": full, info: { privsep, ...(expire !== undefined && { expire }) }, value },
      };
    },
  },
  {
    is: "POST /access/roles",
    takes: { roleid: any, privs: any },
    required: ["roleid"],
    protected: true,
    answer: (call) => {
      admin(call, "/access", "Sys.Modify");
      const { roleid = "", privs = "" } = call.params;
      if (call.world.rights.roles.has(roleid))
        throw new ApiError(500, `create role failed: role '${roleid}' already exists`);
      call.world.rights.roles.set(roleid, new Set(privs.split(/[\s,;]+/).filter(Boolean)));
      return done;
    },
  },
  {
    is: "PUT /access/acl",
    takes: { path: any, roles: any, users: any, tokens: any, groups: any, propagate: flag, delete: flag },
    required: ["path", "roles"],
    protected: true,
    answer: (call) => {
      const { path = "", roles = "", users = "", tokens = "", propagate = "1" } = call.params;
      admin(call, path);
      for (const who of `${users},${tokens}`.split(",").filter(Boolean)) {
        if (call.params["delete"] === "1") call.world.rights.revoke(path, who);
        else call.world.rights.grant(path, who, roles, propagate === "1");
      }
      return done;
    },
  },
];
