def test_from_basket_to_order(ask):
    assert ask("GET", "/orders") == (200, [])
    assert ask("POST", "/basket/ada/tea") == (201, {"count": 1})
    assert ask("POST", "/order/ada") == (201, {"id": 1})
    assert ask("GET", "/orders") == (200, [{"id": 1, "customer": "ada", "items": {"tea": 1}}])


def test_an_empty_basket_is_a_conflict(ask):
    assert ask("POST", "/order/nobody")[0] == 409


def test_an_unknown_page_is_not_found(ask):
    assert ask("GET", "/nothing/here")[0] == 404
