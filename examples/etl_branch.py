"""Branch, load, check, merge.  A day's load is seen whole or not at all: what
fails its checks stays on its branch, and main never had it.

    etl_branch.py DAY [BAD]         BAD loads rows that must not pass
"""
import os
import sys

import duckdb
import lakefs
from lakefs.client import Client

day, bad = sys.argv[1], len(sys.argv) > 2
url = os.environ["AWS_ENDPOINT_URL"]
client = Client(host=url, username=os.environ["AWS_ACCESS_KEY_ID"],
                password=os.environ["AWS_SECRET_ACCESS_KEY"])
repo = lakefs.Repository("example-etl", client=client).create(
    storage_namespace="local://example-etl", exist_ok=True)

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

# The models: each is one statement, over the branch it is given.
MODELS = {
    "orders": """COPY (SELECT range AS id, 'DAY' AS day, CASE WHEN BAD AND range = 7 THEN -1 ELSE 5 + range % 9 END
                       AS amount FROM range(100)) TO 's3://example-etl/BRANCH/orders/DAY.parquet'""",
    "totals": """COPY (SELECT day, count(*) AS orders, sum(amount) AS amount FROM
                       read_parquet('s3://example-etl/BRANCH/orders/*.parquet') GROUP BY day ORDER BY day)
                 TO 's3://example-etl/BRANCH/totals.parquet'""",
}
# The checks: each counts what must not be.
CHECKS = {
    "no amount is negative": "SELECT count(*) FROM 's3://example-etl/BRANCH/orders/*.parquet' WHERE amount < 0",
    "ids are unique in a day": """SELECT count(*) FROM (SELECT id, day FROM 's3://example-etl/BRANCH/orders/*.parquet'
                                  GROUP BY ALL HAVING count(*) > 1)""",
}
branch = f"load-{day}"


def sql(text):
    return db.execute(text.replace("BRANCH", branch).replace("DAY", day).replace("BAD", str(bad)))


work = repo.branch(branch).create("main", exist_ok=True)
for model in MODELS.values():
    sql(model)
failed = [name for name, check in CHECKS.items() if sql(check).fetchone()[0]]
if failed:
    print(f"{day}: not merged, look at branch {branch}:", "; ".join(failed))
    sys.exit(1)
if list(work.uncommitted()):
    work.commit(f"orders of {day}")
    work.merge_into("main")
work.delete()
print(f"{day}: merged;", db.execute("SELECT count(*), sum(amount) FROM 's3://example-etl/main@/totals.parquet'").fetchone())
