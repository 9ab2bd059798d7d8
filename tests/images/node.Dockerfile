# cucumber-js, for suites that are mounted or copied anywhere.
FROM minke-test/base
COPY . /
# Node from the host when it runs by itself; else Debian's, which is many packages.
RUN /usr/local/bin/node --version 2>/dev/null || { \
      rm -f /usr/local/bin/node && apt-get update -qq \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs \
      && rm -rf /var/lib/apt/lists/* /var/cache/apt/*; }
# A suite must load the very copy of the package that the command comes from, or cucumber-js
# refuses its steps. `require` finds it by NODE_PATH, `import` by the folder in the root.
ENV NODE_PATH=/opt/cucumber-js/node_modules
RUN ln -s /opt/cucumber-js/node_modules /node_modules \
 && ln -s /opt/cucumber-js/node_modules/.bin/cucumber-js /usr/local/bin/cucumber-js \
 && cucumber-js --version
