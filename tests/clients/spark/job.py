"""Spark through S3A: job.py COMMITTER REPOSITORY; prints its version.  With the
committer "hive" the tables are Hive's, its metastore on Derby in this folder."""
import os
import sys
from glob import glob

from pyspark.sql import SparkSession

committer, repo = sys.argv[1:]
jars = glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "target/dependency/*.jar"))
hadoop = {"fs.s3a.endpoint": os.environ["AWS_ENDPOINT_URL"], "fs.s3a.path.style.access": "true",
          "fs.s3a.connection.ssl.enabled": "false", "fs.s3a.endpoint.region": "us-east-1",
          "fs.s3a.access.key": os.environ["AWS_ACCESS_KEY_ID"],
          "fs.s3a.secret.key": os.environ["AWS_SECRET_ACCESS_KEY"],
          "fs.s3a.attempts.maximum": "3", "fs.s3a.retry.limit": "2", "fs.s3a.retry.interval": "100ms",
          "fs.s3a.multipart.size": "5M", "fs.s3a.multipart.threshold": "5M"}
spark = SparkSession.builder.master("local[2]").config("spark.jars", ",".join(jars)).config(
    "spark.driver.extraClassPath", ":".join(jars)).config("spark.ui.enabled", "false").config(
    "spark.sql.shuffle.partitions", "2")
if committer in ("magic", "directory", "partitioned"):
    hadoop.update({"fs.s3a.committer.name": committer, "fs.s3a.committer.magic.enabled": "true",
                   "fs.s3a.committer.staging.conflict-mode": "append"})
    spark = spark.config("spark.sql.sources.commitProtocolClass",
                         "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol").config(
        "spark.sql.parquet.output.committer.class",
        "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter")
if committer == "hive":
    spark = spark.enableHiveSupport().config("spark.sql.warehouse.dir", os.path.abspath("warehouse"))
for k, v in hadoop.items():
    spark = spark.config("spark.hadoop." + k, v)
spark = spark.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
at = lambda ref: f"s3a://{repo}/{ref}"


def tables():
    frame = spark.range(0, 20000).selectExpr("id", "id % 4 AS day", "repeat('x', 50) AS s")
    out = at("main") + "/" + committer
    frame.write.parquet(out)
    assert spark.read.parquet(out).count() == 20000
    frame.limit(7).write.mode("append").parquet(out)
    assert spark.read.parquet(out).count() == 20007
    frame.write.mode("overwrite").partitionBy("day").parquet(out + "-days")
    frame.where("day = 1").limit(3).write.mode("append").partitionBy("day").parquet(out + "-days")
    assert spark.read.parquet(out + "-days").where("day = 2").count() == 5000
    frame.limit(10).write.mode("overwrite").parquet(out)
    assert spark.read.parquet(out).count() == 10
    # Big enough for parts.
    spark.range(0, 1000000).selectExpr("id", "uuid() AS u").coalesce(1).write.parquet(out + "-big")
    path = spark._jvm.org.apache.hadoop.fs.Path
    fs = path(out).getFileSystem(spark._jsc.hadoopConfiguration())
    assert fs.rename(path(out + "-days"), path(out + "-renamed"))
    assert not fs.exists(path(out + "-days"))
    assert spark.read.parquet(out + "-renamed").count() > 20000
    # What boto3 wrote, by commit.
    commit = os.environ["GIVEN"]
    assert spark.read.text(at(commit) + "/given/plain.txt").count() == 200
    assert fs.getFileStatus(path(at(commit) + "/given/big.bin")).getLen() == 9 << 20


def hive():
    spark.sql(f"CREATE EXTERNAL TABLE t (id BIGINT) PARTITIONED BY (day INT) STORED AS PARQUET "
              f"LOCATION '{at('main')}/t'")
    spark.sql("INSERT INTO t PARTITION (day = 1) SELECT id FROM range(100)")
    spark.sql("INSERT INTO t PARTITION (day = 2) SELECT id FROM range(50)")
    assert spark.sql("SELECT count(*) FROM t WHERE day = 2").first()[0] == 50
    from urllib.request import Request, urlopen
    import base64
    import json
    api = os.environ["AWS_ENDPOINT_URL"] + f"/api/v1/repositories/{repo}/"
    basic = base64.b64encode(f"{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}"
                             .encode()).decode()

    def post(what, **body):
        with urlopen(Request(api + what, json.dumps(body).encode(), {
                "Authorization": "Basic " + basic, "Content-Type": "application/json"})) as r:
            return r.read()
    commit = json.loads(post("branches/main/commits", message="two days"))["id"]
    post("branches", name="dev", source="main")
    for ref, name in (("dev", "t_dev"), (commit, "t_then")):
        spark.sql(f"CREATE EXTERNAL TABLE {name} (id BIGINT) PARTITIONED BY (day INT) STORED AS PARQUET "
                  f"LOCATION '{at(ref)}/t'")
        spark.sql(f"MSCK REPAIR TABLE {name}")
    spark.sql("INSERT OVERWRITE TABLE t_dev PARTITION (day = 2) SELECT id FROM range(3)")
    spark.sql("INSERT INTO t PARTITION (day = 3) SELECT id FROM range(9)")
    counts = [spark.sql(f"SELECT count(*) FROM {name}").first()[0] for name in ("t", "t_dev", "t_then")]
    assert counts == [159, 103, 150], counts


hive() if committer == "hive" else tables()
print(spark.version)
