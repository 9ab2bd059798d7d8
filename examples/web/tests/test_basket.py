import time


def test_a_new_basket_is_empty(empty_shop):
    assert empty_shop.basket("ada") == {}


def test_items_are_counted(empty_shop):
    empty_shop.put("ada", "tea")
    empty_shop.put("ada", "tea", 2)
    time.sleep(0.3)
    assert empty_shop.basket("ada") == {"tea": 3}
    assert empty_shop.cache.dbsize() == 1, "nobody else puts things into this cache"
