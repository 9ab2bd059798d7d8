# rspec, on the Ruby that is there for cucumber.
FROM minke-test/python
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ruby-rspec \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/ri
