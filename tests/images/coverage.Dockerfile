# pytest with pytest-cov and coverage.py.
FROM minke-test/python
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-pytest-cov \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
