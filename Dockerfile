FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts scripts
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
# WAKEGATE_IMAGE changes defaults only: 0.0.0.0:9190, 0.0.0.0:9191 and /state. A configuration file may say otherwise.
ENV NODE_ENV=production WAKEGATE_IMAGE=1
WORKDIR /app
# A named volume takes its owner from here.
RUN mkdir -m 700 /state && chown node:node /state
COPY package.json LICENSE ./
COPY templates templates
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
# For `docker exec wakegate wakegate status`: without a token, as the state folder holds this installation's own.
RUN ln -s /app/dist/main.js /usr/local/bin/wakegate
USER node
VOLUME /state
EXPOSE 9190 9191
# No HEALTHCHECK: Traefik and Swarm send nothing to a container whose health is "starting", which it is until the first
# check. That is a whole interval after each start, since engines before 25 know no shorter one for the beginning.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
