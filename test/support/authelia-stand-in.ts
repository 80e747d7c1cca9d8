/** Where its portal is. */
export const PORTAL = "https://auth.example.com/";
/** How a visitor shows that they are signed in. */
export const SIGNED_IN = { Cookie: "authelia_session=good" };

/**
 * A program for Node that speaks the protocol of Authelia's `/api/authz/forward-auth` as its reference guide
 * "Proxy Authorization" has it: the request is what X-Forwarded-* say, 400 where they are missing; who is signed in
 * gets 200 and Remote-*; others go to the portal, with 302, or 303 where the method is not to be repeated, and
 * programs, which do not accept HTML or say that they are XMLHttpRequest, get 401.
 */
export const AUTHELIA = `require("http").createServer((q, s) => {
  const h = q.headers;
  const method = h["x-forwarded-method"];
  const [proto, host, uri] = ["proto", "host", "uri"].map((name) => h["x-forwarded-" + name]);
  if (q.url !== "/api/authz/forward-auth") return s.writeHead(404).end();
  if (!method || !proto || !host || !uri) return s.writeHead(400).end("400 Bad Request");
  if (/(^|; )authelia_session=good(;|$)/.test(h.cookie ?? "")) {
    const user = { "Remote-User": "you", "Remote-Groups": "family,admins", "Remote-Name": "You", "Remote-Email": "you@example.com" };
    return s.writeHead(200, user).end("200 OK");
  }
  const program = h["x-requested-with"] === "XMLHttpRequest" || !/text\\/html/.test(h.accept ?? "");
  if (program) return s.writeHead(401).end("401 Unauthorized");
  const query = new URLSearchParams({ rd: proto + "://" + host + uri, rm: method });
  const to = "${PORTAL}?" + query;
  const status = ["GET", "HEAD", "OPTIONS"].includes(method) ? 302 : 303;
  s.writeHead(status, { Location: to, "Content-Type": "text/html; charset=utf-8" }).end('<a href="' + to.replaceAll("&", "&amp;") + '">' + status + "</a>");
}).listen(9091)`;
