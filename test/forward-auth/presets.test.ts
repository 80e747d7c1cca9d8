import { describe, expect, it } from "vitest";
import { judgeIntent } from "../../src/forward-auth/intent.ts";
import type { RequestFacts } from "../../src/forward-auth/request-facts.ts";
import { rulesOf } from "../../src/forward-auth/rules.ts";
import { trafficPresetNames } from "../../src/presets/traffic.ts";
import { targetSpec } from "../support/fake-target.ts";
import { requestFacts } from "./facts.ts";

function judged(facts: Partial<RequestFacts>, presets = [...trafficPresetNames]) {
  return judgeIntent(requestFacts(facts), rulesOf(targetSpec("blog", { presets })));
}

const MONITORS = [
  "Uptime-Kuma/1.23.11",
  "Better Uptime Bot Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
  "Better Stack Better Uptime Bot Mozilla/5.0",
  "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
  "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
  "Mozilla/5.0 (Windows NT 6.2; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98 Safari/537.36 (StatusCake)",
  "healthchecks.io",
  "Gatus/1.0",
  "Blackbox-Exporter/0.24.0",
  "Blackbox Exporter/0.25.0",
  "Prometheus/2.45.0",
  "kube-probe/1.29",
  "ELB-HealthChecker/2.0",
  "GoogleHC/1.0",
  "Amazon-Route53-Health-Check-Service (ref 1a2b; report http://amzn.to/1vsZADi)",
  "Mozilla/5.0 (compatible; Cloudflare-Healthchecks/1.0; +https://www.cloudflare.com/; healthcheck-id: 1)",
  "Docker-HealthCheck/1.0",
  "Consul Health Check",
  "check_http/v2.3.3 (monitoring-plugins 2.3.3)",
  "Mozilla/5.0 (compatible; updown.io/2.0)",
];
const CRAWLERS = [
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Chrome/W.X Mobile Safari/537.36 (compatible; GoogleOther)",
  "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
  "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
  "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
  "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
  "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
  "CCBot/2.0 (https://commoncrawl.org/faq/)",
  "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
  "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
  "Mozilla/5.0 zgrab/0.x",
  "Expanse, a Palo Alto Networks company, searches across the global IPv4 space multiple times per day",
];
const PREVIEWS = [
  "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
  "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
  "TelegramBot (like TwitterBot)",
  "WhatsApp/2.23.20.0",
  "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
  "Twitterbot/1.0",
  "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/)",
  "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
  "Mozilla/5.0 (compatible; Synapse (bot; +https://github.com/matrix-org/synapse))",
  "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
];
const PEOPLE = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/400.0]",
  "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36 Instagram 300.0",
  "Mozilla/5.0 (Linux) mirall/3.5.1 (Nextcloud, debian)",
  "Jellyfin-Android/2.6.2",
  "immich-android/1.119",
  "curl/8.5.0",
  "Wget/1.21.4",
  "git/2.43.0",
  "docker/27.3 go/go1.22 git-commit/x",
  "Home Assistant/2024.11 (io.homeassistant.companion; build:1)",
  "Dart/3.5 (dart:io)",
  "Go-http-client/1.1",
  "python-requests/2.32",
  "Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0 OPR/116",
];

describe("traffic presets", () => {
  it.each([
    ["monitors", MONITORS],
    ["crawlers", CRAWLERS],
    ["link-previews", PREVIEWS],
  ] as const)("%s take waking and counting from what they know", (name, agents) => {
    const left = agents.filter((userAgent) => judged({ userAgent }, [name]).wakes);
    expect(left).toEqual([]);
    const found = agents.filter((userAgent) => judged({ userAgent }).counts);
    expect(found).toEqual([]);
    const others = trafficPresetNames.filter((other) => other === "assets");
    expect(agents.filter((userAgent) => !judged({ userAgent }, others).wakes)).toEqual([]);
  });

  it("leave people, their apps and their tools alone", () => {
    expect(PEOPLE.filter((userAgent) => !judged({ userAgent }).counts)).toEqual([]);
    expect(judged({})).toEqual({ wakes: true, counts: true });
  });

  it("leave what servers deliver to federating apps alone", () => {
    const userAgent = "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/)";
    expect(judged({ userAgent, method: "POST", path: "/inbox" })).toMatchObject({
      wakes: true,
      counts: true,
    });
  });

  it.each([
    ["/favicon.ico", false, false],
    ["/favicon-32x32.png", false, false],
    ["/apple-touch-icon-120x120-precomposed.png", false, false],
    ["/robots.txt", false, false],
    ["/.well-known/security.txt", false, false],
    ["/manifest.json", true, false],
    ["/.well-known/apple-app-site-association", true, false],
    ["/.well-known/caldav", true, true],
    ["/.well-known/acme-challenge/token", true, true],
    ["/.well-known/openid-configuration", true, true],
    ["/blog/favicon.ico.html", true, true],
    ["/style.css", true, true],
  ])("assets: %s wakes %s, counts %s", (path, wakes, counts) => {
    expect(judged({ path })).toMatchObject({ wakes, counts });
    expect(judged({ path }, [])).toEqual({ wakes: true, counts: true });
  });
});
