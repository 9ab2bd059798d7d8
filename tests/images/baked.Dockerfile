# An image that holds its suite, as many projects build them for CI.
ARG BASE
FROM $BASE
COPY . /suite
WORKDIR /suite
