# behave of the Python package index; `behave` is found before Debian's.
FROM minke-test/python
COPY . /
ENV PYTHONPATH=/opt/behave
RUN printf '#!/bin/sh\nexec python3 -m behave "$@"\n' >/usr/local/bin/behave \
 && chmod 755 /usr/local/bin/behave \
 && behave --version | grep '1\.3'
