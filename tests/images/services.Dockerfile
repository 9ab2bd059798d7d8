# PostgreSQL and Redis, and Python's clients of both, so that one image has services and tests of them.
FROM minke-test/python
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      postgresql redis-server python3-psycopg2 python3-redis \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY serve-postgres pg_isready /usr/local/bin/
