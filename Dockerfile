# The service with its embedded PostgreSQL under /data, or with one of your own by DATABASE_URL.
#   docker build -t conversation-reports .
#   docker run --init --stop-timeout 30 -p 127.0.0.1:3000:3000 -v reports:/data conversation-reports

# Debian in both stages: the embedded PostgreSQL needs glibc.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run -s build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist/src ./dist/src
COPY --from=build /app/dist/graphiql ./dist/graphiql
COPY --from=build /app/dist/web ./dist/web
COPY openapi.yaml LICENSE ./
COPY db ./db
COPY public ./public
# The command on the path, for `docker exec`; and a volume that a user of another number can write to as well.
RUN chmod 755 /app/dist/src/main.js && ln -s /app/dist/src/main.js /usr/local/bin/conversation-reports && install --directory --owner=node --group=node --mode=1777 /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "dist/src/main.js"]
CMD ["serve"]
