# Debian's Go.
FROM minke-test/base
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
