/* Sdk REPOSITORY GIVEN SOURCE DESTINATION: a tree up and another down. */
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.*;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

public class Sdk {
    public static void main(String[] args) throws Exception {
        String repo = args[0], given = args[1];
        Path src = Path.of(args[2]), dst = Path.of(args[3]);
        URI url = URI.create(System.getenv("AWS_ENDPOINT_URL"));
        S3Client s3 = S3Client.builder().endpointOverride(url).region(Region.US_EAST_1)
            .forcePathStyle(true).build();

        try (var files = Files.walk(src)) {
            for (Path p : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator)
                s3.putObject(b -> b.bucket(repo).key("main/up/" + src.relativize(p)),
                    RequestBody.fromFile(p));
        }
        for (S3Object o : s3.listObjectsV2Paginator(b -> b.bucket(repo).prefix(given).maxKeys(2)).contents()) {
            Path p = dst.resolve(o.key().substring(given.length()));
            Files.createDirectories(p.getParent());
            s3.getObject(b -> b.bucket(repo).key(o.key()), p);
        }

        /* In parts, by hand. */
        byte[] big = Files.readAllBytes(src.resolve("big.bin"));
        String id = s3.createMultipartUpload(b -> b.bucket(repo).key("main/parts")).uploadId();
        List<CompletedPart> parts = new ArrayList<>();
        for (int n = 1, at = 0; at < big.length; n++, at += 5 << 20) {
            int number = n;
            byte[] piece = java.util.Arrays.copyOfRange(big, at, Math.min(big.length, at + (5 << 20)));
            UploadPartResponse r = s3.uploadPart(b -> b.bucket(repo).key("main/parts").uploadId(id)
                .partNumber(number), RequestBody.fromBytes(piece));
            parts.add(CompletedPart.builder().partNumber(n).eTag(r.eTag())
                .checksumCRC32(r.checksumCRC32()).build());
        }
        s3.completeMultipartUpload(b -> b.bucket(repo).key("main/parts").uploadId(id)
            .multipartUpload(m -> m.parts(parts)));

        /* By the transfer manager, asynchronously. */
        try (S3AsyncClient async = S3AsyncClient.builder().endpointOverride(url).region(Region.US_EAST_1)
                .forcePathStyle(true).multipartEnabled(true).build();
             S3TransferManager tm = S3TransferManager.builder().s3Client(async).build()) {
            tm.uploadFile(u -> u.source(src.resolve("big.bin"))
                .putObjectRequest(b -> b.bucket(repo).key("main/managed"))).completionFuture().join();
            tm.copy(c -> c.copyObjectRequest(b -> b.sourceBucket(repo).sourceKey("main/managed")
                .destinationBucket(repo).destinationKey("main/copied"))).completionFuture().join();
        }

        /* Conditions. */
        try {
            s3.putObject(b -> b.bucket(repo).key("main/parts").ifNoneMatch("*"), RequestBody.fromString("x"));
            throw new AssertionError("If-None-Match was ignored");
        } catch (S3Exception e) {
            if (e.statusCode() != 412)
                throw e;
        }
        s3.deleteObjects(b -> b.bucket(repo).delete(d -> d.objects(
            ObjectIdentifier.builder().key("main/copied").build())));
        System.out.println(VersionInfo.SDK_VERSION);
    }
}
