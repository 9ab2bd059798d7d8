# pytest of the Python package index; `pytest` is found before Debian's.
FROM minke-test/python
COPY . /
ENV PYTHONPATH=/opt/pytest
RUN printf '#!/bin/sh\nexec python3 -m pytest "$@"\n' >/usr/local/bin/pytest \
 && chmod 755 /usr/local/bin/pytest \
 && pytest --version
