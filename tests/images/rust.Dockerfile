# This machine's own Rust and cargo-nextest, with Debian's C compiler to link by.
FROM minke-test/base
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY . /usr/local/
RUN cargo --version && cargo nextest --version
