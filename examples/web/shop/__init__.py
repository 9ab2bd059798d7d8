"""A small shop: orders in PostgreSQL, baskets in Redis, served as JSON."""

import json
import os

import psycopg2
import redis


class Shop:
    def __init__(self):
        self.database = psycopg2.connect(host=os.environ.get("DB_HOST", "db"), user="postgres", dbname="postgres")
        self.database.autocommit = True
        self.cache = redis.Redis(host=os.environ.get("CACHE_HOST", "cache"), decode_responses=True)

    def set_up(self):
        with self.database.cursor() as cursor:
            cursor.execute("create table if not exists orders (id serial, customer text, items jsonb)")

    def put(self, customer, item, count=1):
        return self.cache.hincrby(f"basket:{customer}", item, count)

    def basket(self, customer):
        return {item: int(count) for item, count in self.cache.hgetall(f"basket:{customer}").items()}

    def order(self, customer):
        items = self.basket(customer)
        if not items:
            raise ValueError("the basket is empty")
        with self.database.cursor() as cursor:
            cursor.execute(
                "insert into orders (customer, items) values (%s, %s) returning id", (customer, json.dumps(items))
            )
            number = cursor.fetchone()[0]
        self.cache.delete(f"basket:{customer}")
        return number

    def orders(self):
        with self.database.cursor() as cursor:
            cursor.execute("select id, customer, items from orders order by id")
            return cursor.fetchall()

    def __call__(self, environ, start_response):
        """The shop over HTTP: GET /orders, GET and POST /basket/CUSTOMER[/ITEM], POST /order/CUSTOMER."""
        words = environ["PATH_INFO"].strip("/").split("/")
        match (environ["REQUEST_METHOD"], words):
            case ("GET", ["orders"]):
                status, answer = "200 OK", [{"id": row[0], "customer": row[1], "items": row[2]} for row in self.orders()]
            case ("GET", ["basket", customer]):
                status, answer = "200 OK", self.basket(customer)
            case ("POST", ["basket", customer, item]):
                status, answer = "201 Created", {"count": self.put(customer, item)}
            case ("POST", ["order", customer]):
                try:
                    status, answer = "201 Created", {"id": self.order(customer)}
                except ValueError as error:
                    status, answer = "409 Conflict", {"error": str(error)}
            case _:
                status, answer = "404 Not Found", {"error": "no such page"}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]
