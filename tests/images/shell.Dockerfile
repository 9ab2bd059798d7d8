# bats, prove and make: for suites of shell and Perl scripts, and for `--command`.
FROM minke-test/base
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bats make perl \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
