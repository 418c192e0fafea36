/* Trino REPOSITORY FOLDER: Hive tables on two branches and a commit, their
 * metastore files in a local folder. */
import io.trino.Session;
import io.trino.plugin.hive.HiveConnectorFactory;
import io.trino.spi.Plugin;
import io.trino.spi.connector.ConnectorFactory;
import io.trino.testing.DistributedQueryRunner;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import static io.trino.testing.TestingSession.testSessionBuilder;

public class Trino {
    static final String URL = System.getenv("AWS_ENDPOINT_URL");
    static final String KEY = System.getenv("AWS_ACCESS_KEY_ID");
    static final String SECRET = System.getenv("AWS_SECRET_ACCESS_KEY");
    static DistributedQueryRunner trino;

    static String post(String what, String body) throws Exception {
        String basic = Base64.getEncoder().encodeToString((KEY + ":" + SECRET).getBytes());
        HttpResponse<String> r = HttpClient.newHttpClient().send(HttpRequest.newBuilder(
            URI.create(URL + "/api/v1/repositories/" + what)).header("Authorization", "Basic " + basic)
            .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build(),
            HttpResponse.BodyHandlers.ofString());
        if (r.statusCode() != 201)
            throw new AssertionError(r.body());
        return r.body();
    }

    static void is(String sql, Object want) {
        Object got = trino.execute(sql).getOnlyValue();
        if (!want.equals(got))
            throw new AssertionError(sql + ": " + got);
    }

    static void table(String name, String repo, String ref) {
        trino.execute("CREATE TABLE " + name + " (id BIGINT, day BIGINT) WITH (format = 'PARQUET', "
            + "partitioned_by = ARRAY['day'], external_location = 's3://" + repo + "/" + ref + "/t')");
        trino.execute("CALL system.sync_partition_metadata('s', '" + name + "', 'FULL')");
    }

    public static void main(String[] args) {
        try {
            run(args[0], args[1]);
            System.exit(0);
        } catch (Throwable e) {         /* its threads would keep the process */
            e.printStackTrace();
            System.exit(1);
        }
    }

    static void run(String repo, String metastore) throws Exception {
        Session session = testSessionBuilder().setCatalog("hive").setSchema("s").build();
        trino = DistributedQueryRunner.builder(session).setNodeCount(1).build();
        trino.installPlugin(new Plugin() {
            @Override
            public Iterable<ConnectorFactory> getConnectorFactories() {
                return List.of(new HiveConnectorFactory());
            }
        });
        trino.createCatalog("hive", "hive", Map.of(
            "hive.metastore", "file", "hive.metastore.catalog.dir", "file://" + metastore,
            "hive.s3.endpoint", URL, "hive.s3.path-style-access", "true", "hive.s3.ssl.enabled", "false",
            "hive.s3.aws-access-key", KEY, "hive.s3.aws-secret-key", SECRET,
            "hive.security", "allow-all", "hive.non-managed-table-writes-enabled", "true"));
        trino.execute("CREATE SCHEMA s");

        /* What another tool wrote. */
        trino.execute("CREATE TABLE given (id BIGINT) WITH (format = 'PARQUET', external_location = 's3://"
            + repo + "/main/given')");
        is("SELECT sum(id) FROM given", 499500L);

        trino.execute("CREATE TABLE main_t WITH (format = 'PARQUET', partitioned_by = ARRAY['day'], "
            + "external_location = 's3://" + repo + "/main/t') AS "
            + "SELECT x AS id, x % 3 AS day FROM UNNEST(sequence(0, 1499)) AS u (x)");
        trino.execute("INSERT INTO main_t SELECT x, x % 3 FROM UNNEST(sequence(1500, 2999)) AS u (x)");
        is("SELECT count(*) FROM main_t WHERE day = 1", 1000L);
        String commit = post(repo + "/branches/main/commits", "{\"message\":\"by Trino\"}")
            .replaceAll("(?s).*\"id\": ?\"([0-9a-f]+)\".*", "$1");
        post(repo + "/branches", "{\"name\":\"dev\",\"source\":\"main\"}");
        table("dev_t", repo, "dev");
        table("then_t", repo, commit);
        trino.execute("DELETE FROM dev_t WHERE day = 2");
        trino.execute("INSERT INTO main_t SELECT 7, 7");
        is("SELECT count(*) FROM main_t", 3001L);
        is("SELECT count(*) FROM dev_t", 2000L);
        is("SELECT count(*) FROM then_t", 3000L);
        trino.execute("CREATE TABLE big WITH (format = 'ORC', external_location = 's3://" + repo
            + "/main/big') AS SELECT x AS id, cast(uuid() AS varchar) AS u FROM UNNEST(sequence(1, 10000)) AS a (x) "
            + "CROSS JOIN UNNEST(sequence(1, 30)) AS b (y)");
        is("SELECT count(*) FROM big", 300000L);
    }
}
