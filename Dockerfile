# SPDX-License-Identifier: GPL-3.0-or-later
# Dockerfile - the gateway as an image: a sidecar or a router, with NET_ADMIN and /dev/net/tun
ARG BASE=debian:12-slim

FROM ${BASE} AS build
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        gcc libc6-dev make pkg-config libnetfilter-queue-dev libmnl-dev libssl-dev libcap-ng-dev \
        libseccomp-dev libjansson-dev libiniparser-dev libp11-kit-dev \
 && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN make -C /src -j"$(nproc)" && make -C /src install DESTDIR=/out prefix=/usr

FROM ${BASE}
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        iptables iproute2 openssl libnetfilter-queue1 libmnl0 libssl3 libcap-ng0 libjansson4 \
        libiniparser1 libseccomp2 libp11-kit0 tzdata \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /
VOLUME ["/etc/attls"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/lib/attls/entrypoint"]
