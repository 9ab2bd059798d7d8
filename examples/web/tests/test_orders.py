import time

import pytest


def test_an_order_empties_the_basket(empty_shop):
    empty_shop.put("ada", "tea")
    assert empty_shop.order("ada") == 1
    assert empty_shop.basket("ada") == {}


def test_orders_are_numbered_from_one(empty_shop):
    for customer in ["ada", "grace", "edsger"]:
        empty_shop.put(customer, "tea")
        empty_shop.order(customer)
        time.sleep(0.1)
    assert [order[0] for order in empty_shop.orders()] == [1, 2, 3]


def test_an_empty_basket_is_no_order(empty_shop):
    with pytest.raises(ValueError):
        empty_shop.order("nobody")
