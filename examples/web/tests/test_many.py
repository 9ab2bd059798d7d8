import pytest


@pytest.mark.parametrize("count", [1, 10, 100])
def test_many_orders(empty_shop, count):
    for number in range(count):
        empty_shop.put(f"customer {number}", "tea")
        empty_shop.order(f"customer {number}")
    assert len(empty_shop.orders()) == count
