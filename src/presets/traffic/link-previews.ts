import type { TrafficPreset } from "../traffic.ts";

/** Programs that fetch a link because somebody posted it. */
export const linkPreviews: TrafficPreset = {
  description:
    "Programs that fetch a page to show a preview of a link somebody posted, known by their user agent; GET and HEAD only. They neither wake nor count: one link in a busy chat asks from many servers at once. The link itself works, its preview is missing while the app sleeps. An app that federates (Mastodon, GoToSocial, Lemmy) is asked by other servers under these very names: leave this preset out there.",
  rules: [
    {
      name: "link-previews",
      wakes: false,
      counts: false,
      match: {
        methods: ["GET", "HEAD"],
        userAgents: [
          "*Slackbot*",
          "*Slack-ImgProxy*",
          "*Discordbot*",
          "*TelegramBot*",
          "WhatsApp/*",
          "*facebookexternalhit*",
          "*Facebot*",
          "*Twitterbot*",
          "*LinkedInBot*",
          "*Pinterestbot*",
          "*redditbot*",
          "*SkypeUriPreview*",
          "*MicrosoftPreview*",
          "*BingPreview*",
          "*Mastodon/*",
          "*Pleroma *",
          "*Misskey/*",
          "*Lemmy/*",
          "*Bluesky Cardyb*",
          "*Synapse (bot;*",
          "*Mattermost-Bot*",
          "*Rocket.Chat/*",
          "*Iframely*",
          "*Embedly*",
          "*vkShare*",
          "*Viber*",
          "*kakaotalk-scrap*",
          "*Snap URL Preview*",
          "*bitlybot*",
          "*Google-PageRenderer*",
          "*Yahoo Link Preview*",
          "*XING-contenttabreceiver*",
          "*opengraph*",
        ],
      },
    },
  ],
};
