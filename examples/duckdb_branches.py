"""DuckDB over two branches: change prices on one, and join it with the other."""
import os

import duckdb
import lakefs
from lakefs.client import Client

url = os.environ["AWS_ENDPOINT_URL"]
client = Client(host=url, username=os.environ["AWS_ACCESS_KEY_ID"],
                password=os.environ["AWS_SECRET_ACCESS_KEY"])
repo = lakefs.Repository("example-duckdb", client=client).create(
    storage_namespace="local://example-duckdb", exist_ok=True)

db = duckdb.connect()
try:                            # pip install duckdb_extension_httpfs, or from DuckDB's own server
    import duckdb_extensions
    duckdb_extensions.import_extension("httpfs")
except ImportError:
    db.execute("INSTALL httpfs")
db.execute("LOAD httpfs")
db.execute(f"""CREATE SECRET (TYPE s3, ENDPOINT '{url.split("://")[1]}', URL_STYLE 'path',
               USE_SSL {str(url.startswith("https")).lower()},
               KEY_ID '{os.environ["AWS_ACCESS_KEY_ID"]}', SECRET '{os.environ["AWS_SECRET_ACCESS_KEY"]}')""")

# The first prices, on main.
db.execute("""COPY (SELECT range AS item, 10.0 + range AS price FROM range(5))
              TO 's3://example-duckdb/main/prices.parquet'""")
if list(repo.branch("main").uncommitted()):
    repo.branch("main").commit("prices")

# A branch is a whole copy that costs nothing.
branch = repo.branch("sale").create("main", exist_ok=True)
db.execute("""COPY (SELECT item, CASE WHEN item % 2 = 0 THEN price * 0.8 ELSE price END AS price
                    FROM 's3://example-duckdb/main/prices.parquet')
              TO 's3://example-duckdb/sale/prices.parquet'""")

# Both at once, in one statement.
rows = db.execute("""SELECT m.item, m.price AS today, s.price AS in_the_sale
                     FROM 's3://example-duckdb/main/prices.parquet' m
                     JOIN 's3://example-duckdb/sale/prices.parquet' s USING (item)
                     WHERE m.price <> s.price ORDER BY item""").fetchall()
for item, today, sale in rows:
    print(f"item {item}: {today:.2f} today, {sale:.2f} in the sale")
assert [r[0] for r in rows] == [0, 2, 4]

branch.delete()
