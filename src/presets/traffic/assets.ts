import type { TrafficPreset } from "../traffic.ts";

/** Files that browsers and other programs fetch by themselves. */
export const assets: TrafficPreset = {
  description:
    "Files that programs fetch without anybody asking. Icons, `robots.txt` and the like neither wake nor count: who opens the app asks for a page too, and that wakes it. Manifests and the files by which phones link apps only do not count: some apps have theirs as the way in. Nothing else below `/.well-known/` is touched, since certificates, calendars and sign-in depend on it.",
  rules: [
    {
      name: "assets",
      wakes: false,
      counts: false,
      match: {
        methods: ["GET", "HEAD"],
        paths: [
          "/favicon.ico",
          "/favicon.png",
          "/favicon.svg",
          "/favicon-??x??.png",
          "/apple-touch-icon*.png",
          "/robots.txt",
          "/humans.txt",
          "/ads.txt",
          "/app-ads.txt",
          "/sitemap.xml",
          "/browserconfig.xml",
          "/crossdomain.xml",
          "/.well-known/security.txt",
          "/.well-known/change-password",
          "/.well-known/dnt-policy.txt",
          "/.well-known/gpc.json",
          "/.well-known/traffic-advice",
          "/.well-known/appspecific/com.chrome.devtools.json",
        ],
      },
    },
    {
      name: "assets",
      wakes: true,
      counts: false,
      match: {
        methods: ["GET", "HEAD"],
        paths: [
          "/manifest.json",
          "/manifest.webmanifest",
          "/site.webmanifest",
          "/.well-known/assetlinks.json",
          "/.well-known/apple-app-site-association",
        ],
      },
    },
  ],
};
