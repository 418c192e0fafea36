"""A Spark job over S3A with all the settings it needs.  Run with

    spark-submit --packages org.apache.hadoop:hadoop-aws:3.3.4 spark_job.py

It writes today's events on main, and compares them with the commit before."""
import base64
import json
import os
import urllib.error
import urllib.request

from pyspark.sql import SparkSession

url = os.environ["AWS_ENDPOINT_URL"]
key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
spark = (SparkSession.builder.appName("lakegate example")
         .config("spark.hadoop.fs.s3a.endpoint", url)
         .config("spark.hadoop.fs.s3a.path.style.access", "true")
         .config("spark.hadoop.fs.s3a.connection.ssl.enabled", str(url.startswith("https")).lower())
         .config("spark.hadoop.fs.s3a.endpoint.region", "us-east-1")
         .config("spark.hadoop.fs.s3a.access.key", key)
         .config("spark.hadoop.fs.s3a.secret.key", secret)
         .getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
REPO = "example-spark"


def api(method, path, **body):
    """The REST API: what Spark has no word for."""
    basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
    request = urllib.request.Request(f"{url}/api/v1/repositories{path}", json.dumps(body).encode() if body else None,
                                     {"Authorization": "Basic " + basic, "Content-Type": "application/json"},
                                     method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


try:
    api("POST", "", name=REPO, storage_namespace="local://" + REPO)
except urllib.error.HTTPError as e:
    if e.code != 409:
        raise

for day in (1, 2):
    events = spark.range(0, 1000 * day).selectExpr("id", f"{day} AS day", "id % 5 AS kind")
    events.write.mode("overwrite").partitionBy("kind").parquet(f"s3a://{REPO}/main/events")
    commit = api("POST", f"/{REPO}/branches/main/commits", message=f"events of day {day}")["id"]

today = spark.read.parquet(f"s3a://{REPO}/main/events")
before = spark.read.parquet(f"s3a://{REPO}/main~1/events")
print(f"commit {commit[:12]}: {today.count()} events, {before.count()} before")
assert (today.count(), before.count()) == (2000, 1000)
spark.stop()
