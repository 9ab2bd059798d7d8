import json
import threading
import urllib.error
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from shop import Shop


@pytest.fixture(scope="session")
def shop():
    shop = Shop()
    shop.set_up()
    return shop


@pytest.fixture
def empty_shop(shop):
    """The whole database and the whole cache belong to this test: no other shard can see or spoil them."""
    with shop.database.cursor() as cursor:
        cursor.execute("truncate orders restart identity")
    shop.cache.flushall()
    return shop


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def ask(empty_shop):
    server = make_server("127.0.0.1", 0, empty_shop, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(method, path):
        request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}{path}", method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    yield ask
    server.shutdown()
