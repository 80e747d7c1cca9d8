FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY templates templates
COPY src src
RUN npm run build

# Optional parts are native accelerators of SSH, which need a compiler and are not needed.
FROM node:24-alpine AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24-alpine
LABEL org.opencontainers.image.title="Wakegate" \
      org.opencontainers.image.licenses="GPL-3.0-or-later"
ENV NODE_ENV=production \
    WAKEGATE_LISTEN=0.0.0.0:9190 \
    WAKEGATE_PUBLIC_LISTEN=0.0.0.0:9191 \
    WAKEGATE_STATE_DIR=/state
WORKDIR /app
# A named volume takes its owner from here.
RUN mkdir -m 700 /state && chown node:node /state
COPY package.json LICENSE ./
COPY templates templates
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
VOLUME /state
EXPOSE 9190 9191
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WAKEGATE_LISTEN.split(':').pop()}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
