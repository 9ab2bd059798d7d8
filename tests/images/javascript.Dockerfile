# jest, vitest and mocha, for suites that are mounted or copied anywhere.
FROM minke-test/node
COPY . /
# `require` finds them by NODE_PATH, `import` by the folder in the root. cucumber-js is of the image below.
ENV NODE_PATH=/opt/javascript/node_modules
RUN rm -f /usr/local/bin/cucumber-js && ln -sfn /opt/javascript/node_modules /node_modules \
 && for name in jest vitest mocha; do \
      ln -s /opt/javascript/node_modules/.bin/$name /usr/local/bin/$name && $name --version || exit 1; \
    done
