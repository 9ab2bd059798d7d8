# pytest, behave and cucumber-ruby in one image: it has the tags minke-test/python and
# minke-test/cucumber.
FROM minke-test/base
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      python3 python3-pytest python3-behave cucumber \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/ri
# Debian has no plain `python`; most other images do.
RUN ln -s /usr/bin/python3 /usr/local/bin/python
